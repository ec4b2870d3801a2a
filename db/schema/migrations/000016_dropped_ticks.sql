-- What was dropped on purpose, so that rows which are gone are not taken for lost ones, and bars made of them are not computed anew.

CREATE TABLE dropped_ticks (
  table_name text NOT NULL,
  instrument_id bigint,
  dropped_before timestamptz NOT NULL,
  dropped_rows bigint NOT NULL DEFAULT 0,
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at timestamptz,
  dropped_by text NOT NULL DEFAULT session_user,
  UNIQUE NULLS NOT DISTINCT (table_name, instrument_id, dropped_before)
);
COMMENT ON TABLE dropped_ticks IS 'What `tapedeck db drop-before` dropped. The note is written before the first row goes. Whatever drops ticks otherwise should leave one as well.';
COMMENT ON COLUMN dropped_ticks.table_name IS 'quotes, trades, option_greeks, statistics, findings or rejected_ticks.';
COMMENT ON COLUMN dropped_ticks.instrument_id IS 'Null: every instrument.';
COMMENT ON COLUMN dropped_ticks.dropped_before IS 'Rows with an earlier ts may be gone; none at or behind it.';
COMMENT ON COLUMN dropped_ticks.dropped_rows IS 'Rows that were dropped, as far as it came.';
COMMENT ON COLUMN dropped_ticks.done_at IS 'Null: under way, or interrupted; the same command again goes on with it.';

-- down

DROP TABLE dropped_ticks;
