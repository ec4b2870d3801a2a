-- Every record of a session comes back as it was recorded: control records whole, flags with their reasons.

CREATE TABLE control_records (
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  ts timestamptz NOT NULL,
  kind text NOT NULL,
  instrument_id bigint,
  record jsonb NOT NULL,
  PRIMARY KEY (session_id, seq)
);
COMMENT ON TABLE control_records IS 'Every record of a session that is not a tick, whole. Most are also in sessions, line_holds, gaps and session_configs, in a form for queries.';
COMMENT ON COLUMN control_records.ts IS 'Time of arrival; strictly rising within a session.';
COMMENT ON COLUMN control_records.seq IS 'Number of arrival within the session.';
COMMENT ON COLUMN control_records.kind IS 'session, config, contract, line or gap.';
COMMENT ON COLUMN control_records.instrument_id IS 'Null: the record concerns no single instrument, or the instrument could not be stored.';
COMMENT ON COLUMN control_records.record IS 'Its other fields. Numbers that JSON lacks are text ("Infinity", "-0"); {"base64": …} is text that jsonb cannot hold.';

ALTER TABLE outages RENAME TO gaps;
ALTER TABLE gaps RENAME CONSTRAINT outages_pkey TO gaps_pkey;
COMMENT ON TABLE gaps IS 'Time that should have had data and had none, or not all.';
COMMENT ON COLUMN gaps.from_ts IS 'The last proof of life before the gap.';
COMMENT ON VIEW feed_gaps IS 'Every known gap in the recordings with its cause. instrument_id null: every line of the session.';

-- Sessions of the first version: what their tables still know. A line's reason for opening went when it closed.
INSERT INTO control_records (session_id, seq, ts, kind, record)
SELECT session_id, seq, ts, 'config', jsonb_build_object('config', config) FROM session_configs;
INSERT INTO control_records (session_id, seq, ts, kind, instrument_id, record)
SELECT session_id, seq, noted_ts, 'gap', instrument_id, jsonb_strip_nulls(jsonb_build_object(
  'fromTsUs', (extract(epoch FROM from_ts) * 1000000)::bigint, 'toTsUs', (extract(epoch FROM to_ts) * 1000000)::bigint,
  'cause', cause, 'instrument', instrument_id, 'droppedTicks', dropped_ticks))
FROM gaps ON CONFLICT DO NOTHING;
INSERT INTO control_records (session_id, seq, ts, kind, instrument_id, record)
SELECT session_id, opened_seq, opened_ts, 'line', instrument_id, jsonb_strip_nulls(jsonb_build_object(
  'instrument', COALESCE(instrument_id, 0), 'event', 'opened', 'feed', feed, 'openedSeq', opened_seq,
  'openedTsUs', (extract(epoch FROM opened_ts) * 1000000)::bigint, 'cause', CASE WHEN closed_seq IS NULL THEN cause END))
FROM line_holds ON CONFLICT DO NOTHING;
INSERT INTO control_records (session_id, seq, ts, kind, instrument_id, record)
SELECT session_id, closed_seq, closed_ts, 'line', instrument_id, jsonb_strip_nulls(jsonb_build_object(
  'instrument', COALESCE(instrument_id, 0), 'event', 'closed', 'feed', feed, 'openedSeq', opened_seq,
  'openedTsUs', (extract(epoch FROM opened_ts) * 1000000)::bigint, 'untilTsUs', (extract(epoch FROM until_ts) * 1000000)::bigint, 'cause', cause))
FROM line_holds WHERE closed_seq IS NOT NULL ON CONFLICT DO NOTHING;

ALTER TABLE quotes ADD COLUMN reason text;
ALTER TABLE trades ADD COLUMN reason text;
ALTER TABLE option_greeks ADD COLUMN reason text;
ALTER TABLE statistics ADD COLUMN reason text;

-- Finds the batches of a time without reading all that were ever written.
CREATE INDEX batches_last_ts ON batches (last_ts);

COMMENT ON TABLE sessions IS 'One run of a collector, or a part of one: a step of its clock begins a new session. Columns named ..._ts are times of the tape, which in a replay are not today''s.';
COMMENT ON COLUMN batches.refused_ticks IS 'How many of the quarantined ticks were refused by this database and not by a rule.';

-- The same words as in market/tick-fields.ts; a test compares.
COMMENT ON COLUMN quotes.event_ts IS 'The venue''s time, when it gave one.';
COMMENT ON COLUMN quotes.bid_price IS 'In currency per unit. Null: nobody bids.';
COMMENT ON COLUMN quotes.bid_size IS 'In units traded: shares or contracts.';
COMMENT ON COLUMN quotes.ask_price IS 'In currency per unit. Null: nobody offers.';
COMMENT ON COLUMN quotes.ask_size IS 'In units traded: shares or contracts.';
COMMENT ON COLUMN quotes.source IS 'tick-by-tick; null: sampled by the broker, or imported. A stock can have both streams at once, each complete by itself: take one of them.';
COMMENT ON COLUMN quotes.delayed IS 'True: the source had it some 15 minutes late. Null: in real time.';
COMMENT ON COLUMN quotes.flags IS 'Names of the rules that doubt the row, by comma. Null: all of them passed it.';
COMMENT ON COLUMN quotes.reason IS 'Why they doubt it, with the figures.';
COMMENT ON COLUMN trades.event_ts IS 'The venue''s time, when it gave one.';
COMMENT ON COLUMN trades.price IS 'In currency per unit.';
COMMENT ON COLUMN trades.size IS 'In units traded: shares or contracts.';
COMMENT ON COLUMN trades.source IS 'last, rt-volume, tick-by-tick or import.';
COMMENT ON COLUMN trades.venue IS 'Where it was made, when the source says so.';
COMMENT ON COLUMN trades.conditions IS 'Sale conditions as the source spells them.';
COMMENT ON COLUMN trades.delayed IS 'True: the source had it some 15 minutes late. Null: in real time.';
COMMENT ON COLUMN trades.flags IS 'Names of the rules that doubt the row, by comma. Null: all of them passed it.';
COMMENT ON COLUMN trades.reason IS 'Why they doubt it, with the figures.';
COMMENT ON COLUMN option_greeks.event_ts IS 'The venue''s time, when it gave one.';
COMMENT ON COLUMN option_greeks.basis IS 'Price that they were computed from: bid, ask, last or model.';
COMMENT ON COLUMN option_greeks.implied_volatility IS 'Annual fraction: 0.25 is 25 %.';
COMMENT ON COLUMN option_greeks.delta IS 'Change of the option''s price per 1 of the underlying''s.';
COMMENT ON COLUMN option_greeks.gamma IS 'Change of delta per 1 of the underlying''s price.';
COMMENT ON COLUMN option_greeks.vega IS 'Per percentage point of volatility (0.01), as IB gives it.';
COMMENT ON COLUMN option_greeks.theta IS 'Per day, as IB gives it.';
COMMENT ON COLUMN option_greeks.option_price IS 'In currency per unit of the underlying.';
COMMENT ON COLUMN option_greeks.pv_dividend IS 'Present value of dividends, in currency per share.';
COMMENT ON COLUMN option_greeks.underlying_price IS 'In currency per unit.';
COMMENT ON COLUMN option_greeks.delayed IS 'True: the source had it some 15 minutes late. Null: in real time.';
COMMENT ON COLUMN option_greeks.flags IS 'Names of the rules that doubt the row, by comma. Null: all of them passed it.';
COMMENT ON COLUMN option_greeks.reason IS 'Why they doubt it, with the figures.';
COMMENT ON COLUMN statistics.event_ts IS 'The venue''s time, when it gave one.';
COMMENT ON COLUMN statistics.name IS 'Which figure: day-volume, previous-close, call-open-interest, halted.';
COMMENT ON COLUMN statistics.value IS 'In the unit of the figure.';
COMMENT ON COLUMN statistics.text IS 'Of a figure that comes as text, such as dividends.';
COMMENT ON COLUMN statistics.delayed IS 'True: the source had it some 15 minutes late. Null: in real time.';
COMMENT ON COLUMN statistics.flags IS 'Names of the rules that doubt the row, by comma. Null: all of them passed it.';
COMMENT ON COLUMN statistics.reason IS 'Why they doubt it, with the figures.';

-- down

DROP INDEX batches_last_ts;
ALTER TABLE quotes DROP COLUMN reason;
ALTER TABLE trades DROP COLUMN reason;
ALTER TABLE option_greeks DROP COLUMN reason;
ALTER TABLE statistics DROP COLUMN reason;
ALTER TABLE gaps RENAME CONSTRAINT gaps_pkey TO outages_pkey;
ALTER TABLE gaps RENAME TO outages;
DROP TABLE control_records;
