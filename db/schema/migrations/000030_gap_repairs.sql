-- What the broker's history has filled of the gaps.

CREATE TABLE gap_repairs (
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  from_ts timestamptz NOT NULL,
  to_ts timestamptz NOT NULL,
  instrument_id bigint NOT NULL,
  series text NOT NULL CHECK (series IN ('trades', 'quotes')),
  state text NOT NULL CHECK (state IN ('pending', 'repaired', 'partly', 'refused', 'no-data')),
  reason text,
  ticks bigint NOT NULL DEFAULT 0 CHECK (ticks >= 0),
  reconciled_ticks bigint NOT NULL DEFAULT 0 CHECK (reconciled_ticks BETWEEN 0 AND ticks),
  repaired_by bigint,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (session_id, seq, from_ts, instrument_id, series)
);
CREATE INDEX gap_repairs_span ON gap_repairs USING gist (tstzrange(LEAST(from_ts, to_ts), GREATEST(from_ts, to_ts), '[]'));
COMMENT ON TABLE gap_repairs IS 'What became of filling gaps from the broker''s history: a row for each gap of feed_gaps, contract and series that was looked at.';
COMMENT ON COLUMN gap_repairs.session_id IS 'Of the gap, as in feed_gaps.';
COMMENT ON COLUMN gap_repairs.seq IS 'Of the gap, as in feed_gaps.';
COMMENT ON COLUMN gap_repairs.from_ts IS 'Begin of the gap, as in feed_gaps.';
COMMENT ON COLUMN gap_repairs.to_ts IS 'End of the gap when it was filled; one that has become longer since is filled again.';
COMMENT ON COLUMN gap_repairs.instrument_id IS 'The contract that was filled; a gap of all lines has a row for each.';
COMMENT ON COLUMN gap_repairs.series IS 'trades or quotes.';
COMMENT ON COLUMN gap_repairs.state IS 'pending: to be asked for; repaired: all that the broker has is there; partly: some of it, as reason says; refused: reason says why; no-data: the broker has none of that time.';
COMMENT ON COLUMN gap_repairs.reason IS 'Why it was refused, or what is left as it was.';
COMMENT ON COLUMN gap_repairs.ticks IS 'Ticks that were added.';
COMMENT ON COLUMN gap_repairs.reconciled_ticks IS 'How many of them are in seconds that have live ticks too; they have the mark reconciled.';
COMMENT ON COLUMN gap_repairs.repaired_by IS 'Session of the kind history that has the last of the ticks. Null: none was added.';
COMMENT ON COLUMN gap_repairs.noted_at IS 'When this was noted, by the server''s clock.';

COMMENT ON COLUMN quotes.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported, reconciled. Null: nothing.';
COMMENT ON COLUMN trades.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported, reconciled. Null: nothing.';
COMMENT ON COLUMN option_greeks.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported, reconciled. Null: nothing.';
COMMENT ON COLUMN statistics.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported, reconciled. Null: nothing.';

-- down

DROP TABLE gap_repairs;
COMMENT ON COLUMN quotes.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported. Null: nothing.';
COMMENT ON COLUMN trades.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported. Null: nothing.';
COMMENT ON COLUMN option_greeks.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported. Null: nothing.';
COMMENT ON COLUMN statistics.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported. Null: nothing.';
