-- What a recording is made of: sessions, instruments, ticks, and what is known to be missing.
-- Plain tables; db/storage.ts makes hypertables of the tick tables where the server can.

CREATE TABLE instruments (
  instrument_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL UNIQUE,
  kind text NOT NULL,
  symbol text NOT NULL,
  currency text NOT NULL,
  venue text,
  trading_class text,
  expiry date,
  last_trade_date date,
  strike float8,
  "right" char(1),
  multiplier float8,
  con_id bigint,
  price_grid jsonb
);
CREATE INDEX instruments_symbol ON instruments (symbol);
COMMENT ON TABLE instruments IS 'What was ever recorded: stocks, options, indices, futures.';
COMMENT ON COLUMN instruments.key IS 'Identity as text, stable across brokers and sessions.';
COMMENT ON COLUMN instruments.symbol IS 'Ticker of the thing itself; of an option or a future, of what it is written on.';
COMMENT ON COLUMN instruments.venue IS 'Listing venue.';
COMMENT ON COLUMN instruments.expiry IS 'Expiration as listed.';
COMMENT ON COLUMN instruments.last_trade_date IS 'Last day of trading, when known and different from expiry.';
COMMENT ON COLUMN instruments.multiplier IS 'Units of the underlying that one contract stands for.';
COMMENT ON COLUMN instruments.con_id IS 'The broker''s number, as last given.';
COMMENT ON COLUMN instruments.price_grid IS 'The prices that can be quoted, as last given: [{"from", "increment"}], multiples of increment from that price on.';

CREATE TABLE sessions (
  session_id bigint PRIMARY KEY,
  started_ts timestamptz,
  last_alive_ts timestamptz,
  ended_ts timestamptz,
  ended_cause text,
  clock text,
  detail jsonb
);
COMMENT ON TABLE sessions IS 'One run of a collector each. Columns named ..._ts are times of the tape, which in a replay are not today''s.';
COMMENT ON COLUMN sessions.last_alive_ts IS 'Last proof of life on the tape.';
COMMENT ON COLUMN sessions.ended_ts IS 'Null: running, or not ended in order.';

CREATE TABLE session_instruments (
  session_id bigint NOT NULL,
  instrument_id bigint NOT NULL,
  PRIMARY KEY (session_id, instrument_id)
);
COMMENT ON TABLE session_instruments IS 'Instruments of which a session has ticks or lines.';

CREATE TABLE session_configs (
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  ts timestamptz NOT NULL,
  config jsonb NOT NULL,
  PRIMARY KEY (session_id, seq)
);
COMMENT ON TABLE session_configs IS 'Settings that verdicts depend on, in force from ts on.';

CREATE TABLE line_holds (
  session_id bigint NOT NULL,
  opened_seq bigint NOT NULL,
  instrument_id bigint,
  feed text,
  opened_ts timestamptz NOT NULL,
  closed_seq bigint,
  closed_ts timestamptz,
  until_ts timestamptz,
  cause text,
  PRIMARY KEY (session_id, opened_seq)
);
CREATE INDEX line_holds_instrument ON line_holds (instrument_id, opened_ts);
COMMENT ON TABLE line_holds IS 'When a line of data of an instrument was open.';
COMMENT ON COLUMN line_holds.feed IS 'tick-by-tick-trades or tick-by-tick-quotes; null: market data.';
COMMENT ON COLUMN line_holds.closed_ts IS 'Null: open until the session''s end.';
COMMENT ON COLUMN line_holds.until_ts IS 'The last moment at which the line was known to be alive, which may be before closed_ts.';
COMMENT ON COLUMN line_holds.cause IS 'Why it was closed; while it is open, why it was opened.';

CREATE TABLE outages (
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  noted_ts timestamptz NOT NULL,
  from_ts timestamptz NOT NULL,
  to_ts timestamptz NOT NULL,
  cause text NOT NULL,
  instrument_id bigint,
  dropped_ticks bigint,
  PRIMARY KEY (session_id, seq)
);
COMMENT ON TABLE outages IS 'Time that should have had data and had none, or not all.';
COMMENT ON COLUMN outages.from_ts IS 'The last proof of life before the hole.';
COMMENT ON COLUMN outages.instrument_id IS 'Null: every line of the session.';
COMMENT ON COLUMN outages.dropped_ticks IS 'Ticks that came and were dropped, when they could be counted.';

CREATE TABLE batches (
  session_id bigint NOT NULL,
  batch_no bigint NOT NULL,
  accepted_ticks bigint NOT NULL,
  quarantined_ticks bigint NOT NULL,
  refused_ticks bigint NOT NULL DEFAULT 0,
  first_ts timestamptz,
  last_ts timestamptz,
  committed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, batch_no)
);
COMMENT ON TABLE batches IS 'One row for each batch of the journal that is in this database; its transaction inserts it first.';
COMMENT ON COLUMN batches.accepted_ticks IS 'Rows in quotes, trades, option_greeks and statistics.';
COMMENT ON COLUMN batches.quarantined_ticks IS 'Rows in rejected_ticks.';
COMMENT ON COLUMN batches.refused_ticks IS 'Those of them that no rule but this database rejected.';
COMMENT ON COLUMN batches.first_ts IS 'Earliest ts of its ticks; null when it has none.';

CREATE TABLE quotes (
  ts timestamptz NOT NULL,
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  instrument_id bigint NOT NULL,
  event_ts timestamptz,
  bid_price float8,
  ask_price float8,
  bid_size float8,
  ask_size float8,
  source text,
  delayed boolean,
  flags text
);
COMMENT ON TABLE quotes IS 'Best bid and ask. A null price is an empty side.';
COMMENT ON COLUMN quotes.ts IS 'Time of arrival; strictly rising within a session.';
COMMENT ON COLUMN quotes.seq IS 'Number of arrival within the session.';
COMMENT ON COLUMN quotes.event_ts IS 'The venue''s time, when it gave one.';
COMMENT ON COLUMN quotes.bid_price IS 'In currency per unit.';
COMMENT ON COLUMN quotes.bid_size IS 'In units traded: shares or contracts.';
COMMENT ON COLUMN quotes.source IS 'tick-by-tick; null: sampled by the broker. A stock can have both streams at once, each complete by itself: take one of them.';
COMMENT ON COLUMN quotes.delayed IS 'True: the source had it some 15 minutes late. Null: in real time. The same in every table of ticks.';
COMMENT ON COLUMN quotes.flags IS 'Names of the rules that doubt the row.';

CREATE TABLE trades (
  ts timestamptz NOT NULL,
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  instrument_id bigint NOT NULL,
  event_ts timestamptz,
  price float8,
  size float8,
  source text NOT NULL,
  venue text,
  conditions text,
  delayed boolean,
  flags text
);
COMMENT ON TABLE trades IS 'Trades. One trade can be told by several sources: sum sizes over one source only.';
COMMENT ON COLUMN trades.price IS 'In currency per unit.';
COMMENT ON COLUMN trades.size IS 'In units traded: shares or contracts.';
COMMENT ON COLUMN trades.source IS 'last, rt-volume, tick-by-tick or import.';
COMMENT ON COLUMN trades.conditions IS 'Sale conditions as the source spells them.';

CREATE TABLE option_greeks (
  ts timestamptz NOT NULL,
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  instrument_id bigint NOT NULL,
  event_ts timestamptz,
  basis text NOT NULL,
  implied_volatility float8,
  delta float8,
  gamma float8,
  vega float8,
  theta float8,
  option_price float8,
  pv_dividend float8,
  underlying_price float8,
  delayed boolean,
  flags text
);
COMMENT ON TABLE option_greeks IS 'Option model values as the broker computes them.';
COMMENT ON COLUMN option_greeks.basis IS 'Price that they were computed from: bid, ask, last or model.';
COMMENT ON COLUMN option_greeks.implied_volatility IS 'Annual fraction: 0.25 is 25 %.';
COMMENT ON COLUMN option_greeks.vega IS 'Per 1.00 of volatility, as the broker gives it.';
COMMENT ON COLUMN option_greeks.theta IS 'Per day, as the broker gives it.';
COMMENT ON COLUMN option_greeks.pv_dividend IS 'Present value of dividends, in currency per share.';

CREATE TABLE statistics (
  ts timestamptz NOT NULL,
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  instrument_id bigint NOT NULL,
  event_ts timestamptz,
  name text NOT NULL,
  value float8,
  text text,
  delayed boolean,
  flags text
);
COMMENT ON TABLE statistics IS 'Figures of the day and states of a line: day-volume, previous-close, halted.';

-- Ascending, although the last value is asked for most: the index is read in both directions, and grows by a fifth less.
CREATE INDEX quotes_instrument ON quotes (instrument_id, ts);
CREATE INDEX trades_instrument ON trades (instrument_id, ts);
CREATE INDEX option_greeks_instrument ON option_greeks (instrument_id, ts);
CREATE INDEX statistics_instrument ON statistics (instrument_id, ts);
-- The order in which a session is played back.
CREATE INDEX quotes_session ON quotes (session_id, ts, seq);
CREATE INDEX trades_session ON trades (session_id, ts, seq);
CREATE INDEX option_greeks_session ON option_greeks (session_id, ts, seq);
CREATE INDEX statistics_session ON statistics (session_id, ts, seq);

CREATE TABLE rejected_ticks (
  ts timestamptz NOT NULL,
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  instrument_id bigint,
  kind text NOT NULL,
  rules text NOT NULL,
  reason text NOT NULL,
  tick jsonb NOT NULL
);
CREATE INDEX rejected_ticks_session ON rejected_ticks (session_id, ts, seq);
COMMENT ON TABLE rejected_ticks IS 'Ticks that a rule quarantined or this database refused, whole; and other records that it refused.';
COMMENT ON COLUMN rejected_ticks.instrument_id IS 'Null: the tape did not say which instrument, or it could not be stored.';
COMMENT ON COLUMN rejected_ticks.rules IS 'Names of the rules; unknown-instrument and database-refused are no rules but ours.';
COMMENT ON COLUMN rejected_ticks.tick IS 'All its fields. Numbers that JSON lacks are text ("Infinity", "-0"); {"base64": …} is text that jsonb cannot hold.';

CREATE TABLE data_quality (
  session_id bigint NOT NULL,
  batch_no bigint NOT NULL,
  rule text NOT NULL,
  severity text NOT NULL,
  ticks bigint NOT NULL,
  PRIMARY KEY (session_id, batch_no, rule, severity)
);
COMMENT ON TABLE data_quality IS 'How many ticks of a batch each rule flagged or quarantined. A tick counts under every rule that spoke.';

CREATE VIEW feed_gaps AS
SELECT session_id, seq, from_ts, to_ts, to_ts - from_ts AS duration, cause, instrument_id, dropped_ticks, noted_ts
FROM outages;
COMMENT ON VIEW feed_gaps IS 'Every known hole in the recordings with its cause. instrument_id null: every line of the session.';

-- down

DROP VIEW feed_gaps;
-- One by one: TimescaleDB drops no hypertable together with other tables.
DROP TABLE quotes;
DROP TABLE trades;
DROP TABLE option_greeks;
DROP TABLE statistics;
DROP TABLE rejected_ticks;
DROP TABLE data_quality, batches, outages, line_holds, session_configs, session_instruments, sessions, instruments;
