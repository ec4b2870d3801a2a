-- What the broker was asked for of its history, and bars of it that are not of trades.

CREATE TABLE backfill_requests (
  request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id bigint NOT NULL,
  series text NOT NULL,
  bar_seconds integer NOT NULL CHECK (bar_seconds > 0),
  from_ts timestamptz NOT NULL,
  to_ts timestamptz NOT NULL CHECK (to_ts > from_ts),
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('stored', 'no-data', 'asked-again', 'refused')),
  reason text,
  bars bigint CHECK (bars >= 0),
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX backfill_requests_series ON backfill_requests (instrument_id, series, bar_seconds);
CREATE INDEX backfill_requests_asked ON backfill_requests (asked_at);
COMMENT ON TABLE backfill_requests IS 'Requests for the broker''s history, a row for each that was sent. What is stored or has no data is not asked for again.';
COMMENT ON COLUMN backfill_requests.request_id IS 'In the order of asking.';
COMMENT ON COLUMN backfill_requests.instrument_id IS 'Of what.';
COMMENT ON COLUMN backfill_requests.series IS 'trades, midpoint, bid, ask, bid-ask, implied-volatility or historical-volatility.';
COMMENT ON COLUMN backfill_requests.bar_seconds IS 'Length of the bars.';
COMMENT ON COLUMN backfill_requests.from_ts IS 'First moment that was asked for.';
COMMENT ON COLUMN backfill_requests.to_ts IS 'First moment behind it.';
COMMENT ON COLUMN backfill_requests.asked_at IS 'By the server''s clock, before it was sent.';
COMMENT ON COLUMN backfill_requests.ended_at IS 'Its answer is here, in the same transaction as the rows of it. Null: not answered, or the process was killed.';
COMMENT ON COLUMN backfill_requests.outcome IS 'stored; no-data: the broker has none; asked-again: it was no answer; refused: for good, as reason says.';
COMMENT ON COLUMN backfill_requests.reason IS 'The broker''s own words, when it gave no data.';
COMMENT ON COLUMN backfill_requests.bars IS 'Bars that its answer had.';

CREATE TABLE broker_bars (
  instrument_id bigint NOT NULL,
  series text NOT NULL,
  bar_seconds integer NOT NULL CHECK (bar_seconds > 0),
  start_ts timestamptz NOT NULL,
  session_date date NOT NULL,
  open float8,
  high float8,
  low float8,
  close float8,
  PRIMARY KEY (instrument_id, series, bar_seconds, start_ts)
);
COMMENT ON TABLE broker_bars IS 'Bars of the broker''s history that are not of trades; those are in bars, of the source broker. The first that came stay.';
COMMENT ON COLUMN broker_bars.instrument_id IS 'Of what.';
COMMENT ON COLUMN broker_bars.series IS 'midpoint, bid, ask, bid-ask, implied-volatility or historical-volatility.';
COMMENT ON COLUMN broker_bars.bar_seconds IS 'Length of the bar; 86400 is a market day.';
COMMENT ON COLUMN broker_bars.start_ts IS 'Begin of the bar; of a day, its midnight at the exchange.';
COMMENT ON COLUMN broker_bars.session_date IS 'Date at the exchange.';
COMMENT ON COLUMN broker_bars.open IS 'First value: a price in currency per unit, a volatility as an annual fraction. Of bid-ask: the time average of the bid. Null: none.';
COMMENT ON COLUMN broker_bars.high IS 'Highest value; of bid-ask the highest ask.';
COMMENT ON COLUMN broker_bars.low IS 'Lowest value; of bid-ask the lowest bid.';
COMMENT ON COLUMN broker_bars.close IS 'Last value; of bid-ask the time average of the ask.';

-- down

DROP TABLE broker_bars, backfill_requests;
