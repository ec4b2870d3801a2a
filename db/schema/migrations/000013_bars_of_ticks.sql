-- What bars of ticks stand on: functions that work alike with and without TimescaleDB, and the sessions of exchanges. The aggregates
-- themselves are storage (db/schema/storage/bars); the functions here find them by name when they are called, so that they may be made anew.

SET LOCAL check_function_bodies = off;

-- Of TimescaleDB, for servers without it.

CREATE FUNCTION tapedeck.time_bucket(bucket_width interval, ts timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN extract(year FROM bucket_width) * 12 + extract(month FROM bucket_width) > 0 THEN
      timestamp '2000-01-01' + make_interval(months => (floor(
        ((extract(year FROM ts) - 2000) * 12 + extract(month FROM ts) - 1) / (extract(year FROM bucket_width) * 12 + extract(month FROM bucket_width))
      ) * (extract(year FROM bucket_width) * 12 + extract(month FROM bucket_width)))::int)
    ELSE date_bin(bucket_width, ts, timestamp '2000-01-03')
  END
$$;
CREATE FUNCTION tapedeck.time_bucket(bucket_width interval, ts timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN extract(year FROM bucket_width) * 12 + extract(month FROM bucket_width) > 0
      THEN tapedeck.time_bucket(bucket_width, ts AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    ELSE date_bin(bucket_width, ts, timestamptz '2000-01-03 00:00:00+00')
  END
$$;
CREATE FUNCTION tapedeck.time_bucket(bucket_width interval, ts timestamptz, timezone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT tapedeck.time_bucket(bucket_width, ts AT TIME ZONE timezone) AT TIME ZONE timezone $$;
CREATE FUNCTION tapedeck.time_bucket(bucket_width interval, ts date) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT tapedeck.time_bucket(bucket_width, ts::timestamp)::date $$;
COMMENT ON FUNCTION tapedeck.time_bucket(interval, timestamptz) IS 'Begin of the bucket of that width that holds ts, as time_bucket of TimescaleDB has it: aligned to UTC, weeks to Monday.';

CREATE TYPE tapedeck.number_at AS (value float8, ts timestamptz);
CREATE TYPE tapedeck.text_at AS (value text, ts timestamptz);
CREATE FUNCTION tapedeck.keep_first(kept tapedeck.number_at, value float8, ts timestamptz) RETURNS tapedeck.number_at LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN IF ts < kept.ts OR kept.ts IS NULL AND ts IS NOT NULL THEN RETURN (value, ts); END IF; RETURN kept; END $$;
CREATE FUNCTION tapedeck.keep_last(kept tapedeck.number_at, value float8, ts timestamptz) RETURNS tapedeck.number_at LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN IF ts > kept.ts OR kept.ts IS NULL AND ts IS NOT NULL THEN RETURN (value, ts); END IF; RETURN kept; END $$;
CREATE FUNCTION tapedeck.keep_first(kept tapedeck.text_at, value text, ts timestamptz) RETURNS tapedeck.text_at LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN IF ts < kept.ts OR kept.ts IS NULL AND ts IS NOT NULL THEN RETURN (value, ts); END IF; RETURN kept; END $$;
CREATE FUNCTION tapedeck.keep_last(kept tapedeck.text_at, value text, ts timestamptz) RETURNS tapedeck.text_at LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN IF ts > kept.ts OR kept.ts IS NULL AND ts IS NOT NULL THEN RETURN (value, ts); END IF; RETURN kept; END $$;
CREATE FUNCTION tapedeck.value_of(kept tapedeck.number_at) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT kept.value $$;
CREATE FUNCTION tapedeck.value_of(kept tapedeck.text_at) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT kept.value $$;
CREATE AGGREGATE tapedeck.first(float8, timestamptz) (SFUNC = tapedeck.keep_first, STYPE = tapedeck.number_at, FINALFUNC = tapedeck.value_of);
CREATE AGGREGATE tapedeck.last(float8, timestamptz) (SFUNC = tapedeck.keep_last, STYPE = tapedeck.number_at, FINALFUNC = tapedeck.value_of);
CREATE AGGREGATE tapedeck.first(text, timestamptz) (SFUNC = tapedeck.keep_first, STYPE = tapedeck.text_at, FINALFUNC = tapedeck.value_of);
CREATE AGGREGATE tapedeck.last(text, timestamptz) (SFUNC = tapedeck.keep_last, STYPE = tapedeck.text_at, FINALFUNC = tapedeck.value_of);
COMMENT ON AGGREGATE tapedeck.first(float8, timestamptz) IS 'The value of the earliest row, as first of TimescaleDB; of rows of one time, whichever comes first.';
COMMENT ON AGGREGATE tapedeck.last(float8, timestamptz) IS 'The value of the latest row, as last of TimescaleDB; of rows of one time, whichever comes first.';

-- What bars are made by.

-- The same as market/trade-conditions.ts; a test compares.
CREATE FUNCTION tapedeck.sets_price(source text, conditions text, marks text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN ',' || marks || ',' LIKE '%,unreported,%' THEN false
    WHEN conditions IS NULL OR conditions = '' THEN true
    WHEN conditions ~* '^[0-9a-f]+$' AND (source = 'import' OR conditions LIKE '%0%')
      THEN ('x' || lpad(right(conditions, 8), 8, '0'))::bit(32) & x'8754022e' = x'00000000'
    ELSE conditions !~ '[CHIMNPQRUVW479]'
  END
$$;
COMMENT ON FUNCTION tapedeck.sets_price IS 'False for a trade that counts in volume alone, by its conditions and marks.';

-- The same as market/trade-sources.ts; a test compares.
CREATE FUNCTION tapedeck.source_rank(source text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE source WHEN 'tick-by-tick' THEN 1 WHEN 'import' THEN 2 WHEN 'rt-volume' THEN 3 WHEN 'last' THEN 4 ELSE 5 END $$;
COMMENT ON FUNCTION tapedeck.source_rank IS 'How good a source of trades is, 1 the best: every trade, or samples.';

-- Every session of market/calendar is one or more whole parts; a test compares.
CREATE FUNCTION tapedeck.day_part(ts timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN (ts AT TIME ZONE 'America/New_York')::time >= time '09:30' AND (ts AT TIME ZONE 'America/New_York')::time < time '13:00' THEN 1
    WHEN (ts AT TIME ZONE 'America/New_York')::time >= time '13:00' AND (ts AT TIME ZONE 'America/New_York')::time < time '16:00' THEN 2
    WHEN (ts AT TIME ZONE 'UTC')::time >= time '03:45' AND (ts AT TIME ZONE 'UTC')::time < time '10:00' THEN 3
    ELSE 0
  END
$$;
COMMENT ON FUNCTION tapedeck.day_part IS '1: New York until 13:00. 2: from there to 16:00. 3: Mumbai. 0: any other time.';

CREATE TABLE trading_sessions (
  calendar text NOT NULL,
  session_date date NOT NULL,
  open_ts timestamptz NOT NULL,
  close_ts timestamptz NOT NULL,
  early boolean NOT NULL,
  day_ts timestamptz NOT NULL,
  parts integer[] NOT NULL,
  PRIMARY KEY (calendar, day_ts)
);
COMMENT ON TABLE trading_sessions IS 'Market days of the calendars that are known, holidays left out. Filled by tapedeck db migrate and by every start, until the end of the third year ahead or of what is known.';
COMMENT ON COLUMN trading_sessions.calendar IS 'Code of the market (ISO 10383): XNYS, XBOM.';
COMMENT ON COLUMN trading_sessions.session_date IS 'Date at the exchange.';
COMMENT ON COLUMN trading_sessions.close_ts IS 'First moment after the session.';
COMMENT ON COLUMN trading_sessions.early IS 'It closes before the usual time.';
COMMENT ON COLUMN trading_sessions.day_ts IS 'Begin of the day in UTC that holds the whole session.';
COMMENT ON COLUMN trading_sessions.parts IS 'Parts of that day that make the session, as tapedeck.day_part numbers them.';

CREATE FUNCTION tapedeck.calendar_of(calendar text, kind text, currency text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT COALESCE(calendar, CASE WHEN currency = 'USD' AND kind IN ('stock', 'option', 'index') THEN 'XNYS' END) $$;
COMMENT ON FUNCTION tapedeck.calendar_of IS 'Whose sessions an instrument follows: its own calendar, or New York for stocks, options and indices in US dollars. Null: days in UTC.';

CREATE FUNCTION tapedeck.day_bars() RETURNS TABLE (instrument_id bigint, source text, session_date date, day_ts timestamptz, ts timestamptz, end_ts timestamptz,
  calendar text, open float8, high float8, low float8, close float8, volume float8, turnover float8, vwap float8, trades bigint, priced_trades bigint, price_sum float8)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT p.instrument_id, p.source, COALESCE(s.session_date, (p.ts AT TIME ZONE 'UTC')::date), p.ts,
    COALESCE(s.open_ts, p.ts), COALESCE(s.close_ts, p.ts + interval '24 hours'), s.calendar,
    COALESCE((min(ARRAY[date_part('epoch', p.first_ts), p.open]) FILTER (WHERE p.priced_trades > 0))[2], (min(ARRAY[date_part('epoch', p.first_ts), p.open]))[2]),
    COALESCE(max(p.high) FILTER (WHERE p.priced_trades > 0), max(p.high)),
    COALESCE(min(p.low) FILTER (WHERE p.priced_trades > 0), min(p.low)),
    COALESCE((max(ARRAY[date_part('epoch', p.last_ts), p.close]) FILTER (WHERE p.priced_trades > 0))[2], (max(ARRAY[date_part('epoch', p.last_ts), p.close]))[2]),
    sum(p.volume), sum(p.turnover), sum(p.turnover) / NULLIF(sum(p.volume), 0), sum(p.trades)::bigint, sum(p.priced_trades)::bigint, sum(p.price_sum)
  FROM public.bars_day_parts p
  JOIN public.instruments i ON i.instrument_id = p.instrument_id
  LEFT JOIN public.trading_sessions s ON s.calendar = tapedeck.calendar_of(i.calendar, i.kind, i.currency) AND s.day_ts = p.ts
  WHERE CASE WHEN tapedeck.calendar_of(i.calendar, i.kind, i.currency) IS NULL THEN true ELSE p.part = ANY (s.parts) END
  GROUP BY p.instrument_id, p.source, p.ts, s.calendar, s.day_ts, s.session_date, s.open_ts, s.close_ts
$$;

CREATE VIEW bars_1d AS SELECT * FROM tapedeck.day_bars();
COMMENT ON VIEW bars_1d IS 'Trading sessions, for each instrument and source of trades: what was traded from the opening of the exchange to its close. Instruments without a calendar have days in UTC. Not to be mixed with bars, which has what was imported and built.';
COMMENT ON COLUMN bars_1d.source IS 'Where its trades were learned from. Rows of two sources hold the same trades: take one, as tapedeck.bars_of does.';
COMMENT ON COLUMN bars_1d.session_date IS 'Date at the exchange.';
COMMENT ON COLUMN bars_1d.day_ts IS 'Begin of the day in UTC that holds the session: name a range of it, which is fast.';
COMMENT ON COLUMN bars_1d.ts IS 'Opening of the session.';
COMMENT ON COLUMN bars_1d.end_ts IS 'Its close.';
COMMENT ON COLUMN bars_1d.calendar IS 'Whose session it is. Null: a day in UTC.';
COMMENT ON COLUMN bars_1d.volume IS 'As in bars_1m. What is traded behind the close, the print of a closing auction too, is in bars_1m and not here.';

CREATE FUNCTION tapedeck.volume_increments(instruments bigint[], from_ts timestamptz, to_ts timestamptz)
RETURNS TABLE (instrument_id bigint, ts timestamptz, volume float8) LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT m.instrument_id, m.ts,
    GREATEST(0, m.highest_value - CASE
      WHEN m.begins_initial OR m.level_before IS NULL THEN m.first_value
      WHEN m.first_value < m.level_before / 2 THEN 0
      ELSE m.level_before
    END)
    -- Of a new day that began within the minute.
    + CASE WHEN m.last_value < m.highest_value / 2 THEN m.last_value ELSE 0 END
  FROM (
    SELECT d.*, lag(CASE WHEN d.last_value < d.highest_value / 2 THEN d.last_value ELSE d.highest_value END)
      OVER (PARTITION BY d.instrument_id ORDER BY d.ts) AS level_before
    FROM public.day_volumes_1m d
    -- The value before the range: a long weekend back at the most.
    WHERE d.instrument_id = ANY (instruments) AND d.ts >= from_ts - interval '5 days' AND d.ts < to_ts
  ) m
  WHERE m.ts >= from_ts
$$;
COMMENT ON FUNCTION tapedeck.volume_increments IS 'What was added to the cumulative volume of the day, minute by minute. A fall to less than half is a new day, which begins at 0; a lesser one is a correction and adds nothing. What was traded while no line was open is left out.';

CREATE FUNCTION tapedeck.quote_averages(instrument bigint, range_from timestamptz, range_to timestamptz)
RETURNS TABLE (source text, quotes bigint, known_seconds float8, two_sided_seconds float8, mid float8, spread float8, relative_spread float8)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH ticks AS (
    SELECT q.source, q.ts, q.session_id, q.seq, q.bid_price, q.ask_price, true AS is_quote
    FROM public.quotes q WHERE q.instrument_id = instrument AND q.ts >= range_from - interval '1 day' AND q.ts < range_to
  ), ends AS (
    SELECT g.from_ts AS ts, g.instrument_id IS NULL AS of_all, g.feed
    FROM public.feed_gaps_between(range_from - interval '1 day', range_to) g
    WHERE (g.instrument_id = instrument OR g.instrument_id IS NULL) AND g.dropped_ticks IS NULL
    UNION ALL
    SELECT h.until_ts, false, h.feed FROM public.line_holds h WHERE h.instrument_id = instrument AND h.until_ts >= range_from - interval '1 day' AND h.until_ts < range_to
    UNION ALL
    SELECT COALESCE(s.ended_ts, s.last_alive_ts), true, NULL
    FROM public.sessions s JOIN public.session_instruments i ON i.session_id = s.session_id AND i.instrument_id = instrument
    WHERE COALESCE(s.ended_ts, s.last_alive_ts) >= range_from - interval '1 day' AND COALESCE(s.ended_ts, s.last_alive_ts) < range_to
  ), events AS (
    SELECT * FROM ticks
    UNION ALL
    SELECT t.source, e.ts, NULL, NULL, NULL, NULL, false
    FROM (SELECT DISTINCT k.source FROM ticks k) t
    JOIN ends e ON e.of_all OR e.feed IS NOT DISTINCT FROM CASE WHEN t.source = 'tick-by-tick' THEN 'tick-by-tick-quotes' END
  ), spans AS (
    SELECT e.*, lead(e.ts, 1, range_to) OVER (PARTITION BY e.source ORDER BY e.ts, e.session_id, e.seq) AS next_ts FROM events e
  ), stood AS (
    SELECT s.*, extract(epoch FROM LEAST(s.next_ts, range_to) - GREATEST(s.ts, range_from))::float8 AS seconds,
      s.bid_price > 0 AND s.bid_price < 1e12 AND s.ask_price > 0 AND s.ask_price < 1e12 AS two_sided
    FROM spans s WHERE s.is_quote AND s.next_ts > range_from
  ), summed AS (
    SELECT s.source, count(*) FILTER (WHERE s.ts >= range_from) AS quotes, sum(s.seconds) AS known,
      sum(s.seconds) FILTER (WHERE s.two_sided) AS seconds,
      sum(s.seconds * (s.bid_price + s.ask_price) / 2) FILTER (WHERE s.two_sided) AS mid,
      sum(s.seconds * (s.ask_price - s.bid_price)) FILTER (WHERE s.two_sided) AS spread,
      sum(s.seconds * 2 * (s.ask_price - s.bid_price) / (s.ask_price + s.bid_price)) FILTER (WHERE s.two_sided) AS relative
    FROM stood s GROUP BY s.source
  )
  SELECT a.source, a.quotes, a.known, COALESCE(a.seconds, 0), a.mid / NULLIF(a.seconds, 0), a.spread / NULLIF(a.seconds, 0), a.relative / NULLIF(a.seconds, 0)
  FROM summed a
$$;
COMMENT ON FUNCTION tapedeck.quote_averages IS 'Middle and spread of an instrument over a range of time, weighted by how long each quote stood: until the next one, a gap, or the end of its line or session. A row for each source of quotes. What is missing of known_seconds is stale: nobody knows what stood then. Looks back a day for the quote that stood at the begin.';

CREATE FUNCTION tapedeck.bars_of(instruments bigint[], width text, from_ts timestamptz, to_ts timestamptz)
RETURNS TABLE (instrument_id bigint, ts timestamptz, open float8, high float8, low float8, close float8, volume float8, vwap float8, trades bigint,
  source text, volume_source text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH candidates AS (
    SELECT b.instrument_id, b.source, b.ts, b.ts AS day_of, b.ts + interval '1 minute' AS end_ts, b.open, b.high, b.low, b.close, b.volume, b.vwap, b.trades
    FROM public.bars_1m b WHERE width = '1m' AND b.instrument_id = ANY (instruments) AND b.ts >= from_ts AND b.ts < to_ts
    UNION ALL
    SELECT b.instrument_id, b.source, b.ts, b.ts, b.ts + interval '5 minutes', b.open, b.high, b.low, b.close, b.volume, b.vwap, b.trades
    FROM public.bars_5m b WHERE width = '5m' AND b.instrument_id = ANY (instruments) AND b.ts >= from_ts AND b.ts < to_ts
    UNION ALL
    SELECT b.instrument_id, b.source, b.ts, b.ts, b.ts + interval '1 hour', b.open, b.high, b.low, b.close, b.volume, b.vwap, b.trades
    FROM public.bars_1h b WHERE width = '1h' AND b.instrument_id = ANY (instruments) AND b.ts >= from_ts AND b.ts < to_ts
    UNION ALL
    SELECT b.instrument_id, b.source, b.ts, b.day_ts, b.end_ts, b.open, b.high, b.low, b.close, b.volume, b.vwap, b.trades
    FROM tapedeck.day_bars() b
    WHERE width = '1d' AND b.instrument_id = ANY (instruments) AND b.day_ts > from_ts - interval '1 day' AND b.day_ts < to_ts AND b.ts >= from_ts AND b.ts < to_ts
  ), best AS (
    SELECT p.instrument_id, p.ts AS day_ts, min(tapedeck.source_rank(p.source)) AS rank
    FROM public.bars_day_parts p
    WHERE p.instrument_id = ANY (instruments) AND p.ts > from_ts - interval '1 day' AND p.ts < to_ts
    GROUP BY p.instrument_id, p.ts
  ), chosen AS (
    SELECT c.* FROM candidates c
    JOIN best b ON b.instrument_id = c.instrument_id AND b.day_ts = date_bin('1 day', c.day_of, timestamptz '2000-01-03 00:00:00+00')
    WHERE tapedeck.source_rank(c.source) = b.rank
  ), sampled AS (
    SELECT c.instrument_id, c.ts, sum(v.volume) AS volume
    FROM chosen c
    JOIN tapedeck.volume_increments((SELECT array_agg(DISTINCT s.instrument_id) FROM chosen s WHERE tapedeck.source_rank(s.source) > 2), from_ts,
        to_ts + CASE width WHEN '1d' THEN interval '1 day' ELSE interval '1 hour' END) v
      ON v.instrument_id = c.instrument_id AND v.ts >= c.ts AND v.ts < c.end_ts
    WHERE tapedeck.source_rank(c.source) > 2
    GROUP BY c.instrument_id, c.ts
  )
  SELECT c.instrument_id, c.ts, c.open, c.high, c.low, c.close, COALESCE(s.volume, c.volume), c.vwap, c.trades, c.source,
    CASE WHEN tapedeck.source_rank(c.source) <= 2 THEN 'trades' WHEN s.volume IS NOT NULL THEN 'day-volume' ELSE 'samples' END
  FROM chosen c LEFT JOIN sampled s ON s.instrument_id = c.instrument_id AND s.ts = c.ts
$$;
COMMENT ON FUNCTION tapedeck.bars_of IS 'Bars of width 1m, 5m, 1h or 1d that begin in a range of time, of the best source that each instrument has on each day in UTC. volume_source: trades, the sum of all trades; day-volume, increments of the volume of the day; samples, the sum of trades that are samples.';

-- down

DROP FUNCTION tapedeck.bars_of, tapedeck.quote_averages, tapedeck.volume_increments;
DROP VIEW bars_1d;
DROP FUNCTION tapedeck.day_bars;
DROP TABLE trading_sessions;
DROP FUNCTION tapedeck.calendar_of, tapedeck.day_part, tapedeck.source_rank, tapedeck.sets_price;
DROP AGGREGATE tapedeck.first(float8, timestamptz), tapedeck.last(float8, timestamptz), tapedeck.first(text, timestamptz), tapedeck.last(text, timestamptz);
DROP FUNCTION tapedeck.value_of(tapedeck.number_at), tapedeck.value_of(tapedeck.text_at),
  tapedeck.keep_first(tapedeck.number_at, float8, timestamptz), tapedeck.keep_last(tapedeck.number_at, float8, timestamptz),
  tapedeck.keep_first(tapedeck.text_at, text, timestamptz), tapedeck.keep_last(tapedeck.text_at, text, timestamptz);
DROP TYPE tapedeck.number_at, tapedeck.text_at;
DROP FUNCTION tapedeck.time_bucket(interval, timestamp), tapedeck.time_bucket(interval, timestamptz), tapedeck.time_bucket(interval, timestamptz, text),
  tapedeck.time_bucket(interval, date);
