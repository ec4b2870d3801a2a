-- Bars of finished trading sessions as rows. A day is computed from parts of it, which is quick for one and slow for a year of many instruments.
-- Only where bars are stored anyway (TimescaleDB Community); elsewhere the table stays empty, and every day is computed from the ticks.

CREATE TABLE bars_1d_stored (
  instrument_id bigint NOT NULL,
  day_ts timestamptz NOT NULL,
  source text NOT NULL,
  session_date date NOT NULL,
  ts timestamptz NOT NULL,
  end_ts timestamptz NOT NULL,
  calendar text,
  open float8, high float8, low float8, close float8,
  volume float8, turnover float8, vwap float8,
  trades bigint, priced_trades bigint, price_sum float8,
  best_volume float8,
  best_volume_source text,
  PRIMARY KEY (instrument_id, day_ts, source)
);
CREATE INDEX bars_1d_stored_day ON bars_1d_stored (day_ts);
COMMENT ON TABLE bars_1d_stored IS 'What bars_1d and tapedeck.bars_of have of the days up to the newest in it, on TimescaleDB Community: all of them. tapedeck db maintain brings it up to date; a job of the server adds a day once it is a week old. Ask bars_1d.';
COMMENT ON COLUMN bars_1d_stored.best_volume IS 'The volume that tapedeck.bars_of gives. Null, as best_volume_source: another source of that instrument and day is better.';

-- Immutable, other than it is: the planner must know the time to leave out the parts of all other days. An earlier value, which a plan that
-- is kept may hold, gives the same bars: days from there on are computed.
CREATE FUNCTION tapedeck.days_stored_to() RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  -- Rows that came with a backup to another edition count for nothing.
  IF current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale' THEN RETURN 'epoch'; END IF;
  RETURN COALESCE((SELECT max(s.day_ts) + interval '24 hours' FROM public.bars_1d_stored s), 'epoch');
END $$;
COMMENT ON FUNCTION tapedeck.days_stored_to IS 'Days in UTC before this are in bars_1d_stored, all of them.';

CREATE OR REPLACE VIEW bars_1d AS
SELECT s.instrument_id, s.source, s.session_date, s.day_ts, s.ts, s.end_ts, s.calendar, s.open, s.high, s.low, s.close, s.volume, s.turnover, s.vwap,
  s.trades, s.priced_trades, s.price_sum
FROM bars_1d_stored s WHERE s.day_ts < tapedeck.days_stored_to()
UNION ALL
SELECT d.* FROM tapedeck.day_bars() d WHERE d.day_ts >= tapedeck.days_stored_to();

ALTER FUNCTION tapedeck.bars_of(bigint[], text, timestamptz, timestamptz) RENAME TO computed_bars_of;
COMMENT ON FUNCTION tapedeck.computed_bars_of IS 'What tapedeck.bars_of has, without stored days.';

CREATE FUNCTION tapedeck.bars_of(instruments bigint[], width text, from_ts timestamptz, to_ts timestamptz)
RETURNS TABLE (instrument_id bigint, ts timestamptz, open float8, high float8, low float8, close float8, volume float8, vwap float8, trades bigint,
  source text, volume_source text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT s.instrument_id, s.ts, s.open, s.high, s.low, s.close, s.best_volume, s.vwap, s.trades, s.source, s.best_volume_source
  FROM public.bars_1d_stored s
  WHERE width = '1d' AND s.best_volume_source IS NOT NULL AND s.instrument_id = ANY (instruments)
    AND s.day_ts > tapedeck.before(from_ts, '24 hours') AND s.day_ts < LEAST(to_ts, tapedeck.days_stored_to()) AND s.ts >= from_ts AND s.ts < to_ts
  UNION ALL
  SELECT c.* FROM tapedeck.computed_bars_of(instruments, width,
    CASE width WHEN '1d' THEN GREATEST(from_ts, tapedeck.days_stored_to()) ELSE from_ts END, to_ts) c
  -- False as soon as it is planned, when all days are stored: planning the rest takes ten times as long as to read a year of 500 stocks.
  WHERE width <> '1d' OR tapedeck.days_stored_to() < to_ts
$$;
COMMENT ON FUNCTION tapedeck.bars_of IS 'Bars of width 1m, 5m, 1h or 1d that begin in a range of time, of the best source that each instrument has on each day in UTC. volume_source: trades, the sum of all trades; day-volume, increments of the volume of the day; samples, the sum of trades that are samples.';

CREATE FUNCTION tapedeck.finished_days_to() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  computed_to timestamptz;
BEGIN
  IF current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale' OR to_regclass('_timescaledb_catalog.continuous_agg') IS NULL THEN RETURN NULL; END IF;
  EXECUTE 'SELECT _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(a.mat_hypertable_id))
    FROM _timescaledb_catalog.continuous_agg a WHERE a.user_view_schema = ''public'' AND a.user_view_name = ''bars_day_parts''' INTO computed_to;
  IF computed_to IS NULL THEN RETURN NULL; END IF;
  RETURN date_bin('24 hours', LEAST(computed_to, now() - interval '168 hours'), timestamptz 'epoch');
END $$;
COMMENT ON FUNCTION tapedeck.finished_days_to IS 'Days in UTC before this are computed from all that came in, and no policy of the server, which look seven days back, computes them again. Null: bars are not stored here.';

CREATE FUNCTION tapedeck.store_days(from_day timestamptz, to_day timestamptz) RETURNS bigint LANGUAGE plpgsql
-- Nobody knows how many rows functions return: guessed as few, they would be joined one by one.
SET enable_nestloop = off SET jit = off AS $$
DECLARE
  changed bigint;
BEGIN
  LOCK TABLE public.bars_1d_stored IN SHARE ROW EXCLUSIVE MODE;
  -- With the values written out, so that parts of other days are left out.
  EXECUTE format($q$
    WITH computed AS MATERIALIZED (
      SELECT d.*, b.volume AS best_volume, b.volume_source AS best_volume_source
      FROM tapedeck.day_bars() d
      LEFT JOIN tapedeck.computed_bars_of(%1$L, '1d', %2$L, %3$L) b ON b.instrument_id = d.instrument_id AND b.ts = d.ts AND b.source = d.source
      WHERE d.day_ts >= %2$L AND d.day_ts < %3$L
    ), gone AS (
      DELETE FROM public.bars_1d_stored s WHERE s.day_ts >= %2$L AND s.day_ts < %3$L
        AND NOT EXISTS (SELECT FROM computed c WHERE c.instrument_id = s.instrument_id AND c.day_ts = s.day_ts AND c.source = s.source)
      RETURNING 1
    ), put AS (
      INSERT INTO public.bars_1d_stored AS s (instrument_id, source, session_date, day_ts, ts, end_ts, calendar, open, high, low, close, volume, turnover, vwap,
        trades, priced_trades, price_sum, best_volume, best_volume_source)
      SELECT * FROM computed c ORDER BY c.instrument_id, c.day_ts
      ON CONFLICT (instrument_id, day_ts, source) DO UPDATE SET (session_date, ts, end_ts, calendar, open, high, low, close, volume, turnover, vwap,
          trades, priced_trades, price_sum, best_volume, best_volume_source)
        = (excluded.session_date, excluded.ts, excluded.end_ts, excluded.calendar, excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
          excluded.turnover, excluded.vwap, excluded.trades, excluded.priced_trades, excluded.price_sum, excluded.best_volume, excluded.best_volume_source)
      WHERE s IS DISTINCT FROM excluded
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put)$q$,
    (SELECT array_agg(i.instrument_id) FROM public.instruments i), from_day, to_day) INTO changed;
  RETURN changed;
END $$;
COMMENT ON FUNCTION tapedeck.store_days IS 'Makes bars_1d_stored have what is computed of a range of days in UTC. Returns how many rows changed.';

-- From old to new: the days that are there are all there up to the newest one, wherever this is interrupted.
CREATE PROCEDURE tapedeck.store_finished_days(job_id integer DEFAULT NULL, config jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
  finished timestamptz := tapedeck.finished_days_to();
  oldest timestamptz;
  day timestamptz;
BEGIN
  IF finished IS NULL THEN RETURN; END IF;
  EXECUTE 'SELECT min(c.range_start) FROM timescaledb_information.continuous_aggregates a JOIN timescaledb_information.chunks c
    ON c.hypertable_schema = a.materialization_hypertable_schema AND c.hypertable_name = a.materialization_hypertable_name
    WHERE a.view_schema = ''public'' AND a.view_name = ''bars_day_parts''' INTO oldest;
  SELECT CASE WHEN config->>'all' = 'true' THEN LEAST(oldest, min(s.day_ts)) ELSE COALESCE(max(s.day_ts) + interval '24 hours', oldest) END
    INTO day FROM public.bars_1d_stored s;
  day := date_bin('24 hours', day, timestamptz 'epoch');
  WHILE day < finished LOOP
    PERFORM tapedeck.store_days(day, LEAST(day + interval '240 hours', finished));
    COMMIT;
    day := day + interval '240 hours';
  END LOOP;
END $$;
COMMENT ON PROCEDURE tapedeck.store_finished_days IS 'Adds to bars_1d_stored the days that are finished since, or with {"all": true} compares all of them with their parts. As a job of TimescaleDB is called.';

-- down

DO $$
DECLARE
  extension_schema text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension e WHERE e.extname = 'timescaledb');
BEGIN
  IF extension_schema IS NOT NULL THEN
    EXECUTE format('SELECT %s.delete_job(j.job_id) FROM timescaledb_information.jobs j WHERE j.proc_schema = ''tapedeck'' AND j.proc_name = ''store_finished_days''', extension_schema);
  END IF;
END $$;
DROP PROCEDURE tapedeck.store_finished_days;
DROP FUNCTION tapedeck.store_days, tapedeck.finished_days_to, tapedeck.bars_of;
ALTER FUNCTION tapedeck.computed_bars_of RENAME TO bars_of;
COMMENT ON FUNCTION tapedeck.bars_of IS 'Bars of width 1m, 5m, 1h or 1d that begin in a range of time, of the best source that each instrument has on each day in UTC. volume_source: trades, the sum of all trades; day-volume, increments of the volume of the day; samples, the sum of trades that are samples.';
CREATE OR REPLACE VIEW bars_1d AS SELECT * FROM tapedeck.day_bars();
DROP FUNCTION tapedeck.days_stored_to;
DROP TABLE bars_1d_stored;
