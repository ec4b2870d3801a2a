-- The functions of questions, with the same answers in less time. What an option costs counts five hundredfold in a chain.

CREATE FUNCTION tapedeck.rule_names(rule_bits bigint) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT COALESCE((SELECT array_agg(r.name ORDER BY r.name COLLATE "C") FROM public.rules r WHERE rule_bits & (1::bigint << r.bit::int) <> 0), '{}')
    || CASE WHEN rule_bits & (1::bigint << 62) <> 0 THEN '{other-rule}'::text[] ELSE '{}' END
$$;
COMMENT ON FUNCTION tapedeck.rule_names IS 'Names of the rules that spoke, of the column rules of a row of ticks that is not null.';

-- Without a query of its own, so that it is made part of the one that calls it: few rows have rules that spoke.
CREATE OR REPLACE FUNCTION tapedeck.flags_of(marks text, delayed boolean, rule_bits bigint) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT COALESCE(string_to_array(marks, ','), '{}') || CASE WHEN delayed THEN '{delayed}'::text[] ELSE '{}' END
    || CASE WHEN rule_bits IS NULL THEN '{}' ELSE tapedeck.rule_names(rule_bits) END
$$;

CREATE OR REPLACE FUNCTION tapedeck.states_at(of_underlying text, of_instrument bigint, of_name text, at timestamptz, look_back interval)
RETURNS TABLE (instrument_id bigint, key text, kind text, symbol text, currency text, trading_class text, multiplier float8, expiry date,
  strike float8, "right" char(1), bid_price float8, bid_size float8, ask_price float8, ask_size float8, quote_ts timestamptz, quote_session_id bigint,
  quote_marks text, quote_delayed boolean, quote_rules bigint, refused boolean, stale_cause text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH running AS MATERIALIZED (
    SELECT s.session_id FROM public.sessions s
    WHERE COALESCE(s.started_ts, '-infinity') <= at AND at <= COALESCE(s.ended_ts,
      -- Not ended: as far as it was alive. What the next minute brought may be on its way.
      GREATEST(s.last_alive_ts,
        (SELECT b.last_ts FROM public.batches b WHERE b.session_id = s.session_id AND b.last_ts IS NOT NULL ORDER BY b.batch_no DESC LIMIT 1))
        + interval '1 minute')
  ), lost AS MATERIALIZED (
    -- doubtful: quotes from within it may not have stood either, as some of their successors were dropped.
    SELECT g.session_id, g.from_ts, g.to_ts, g.cause, g.instrument_id, g.dropped_ticks IS NOT NULL AS doubtful
    FROM public.gaps g JOIN running USING (session_id)
    WHERE tstzrange(LEAST(g.from_ts, g.to_ts), GREATEST(g.from_ts, g.to_ts), '[]') && tstzrange(tapedeck.before(at, look_back), at, '[]')
    UNION ALL
    -- Gaps of which no end is recorded: their record is written at the end. For 10 s behind the notice quotes may have been on their way.
    SELECT c.session_id, f.from_ts, c.ts + interval '10 seconds', c.record->>'cause', NULL, true
    FROM running JOIN public.control_records c USING (session_id)
    CROSS JOIN LATERAL (SELECT to_timestamp((c.record->>'fromTsUs')::float8 / 1000000) AS from_ts OFFSET 0) f
    WHERE c.kind = 'session' AND c.record->>'event' = 'interrupted' AND f.from_ts <= at AND NOT EXISTS (
      SELECT FROM public.gaps g WHERE g.session_id = c.session_id AND g.cause = c.record->>'cause' AND g.noted_ts >= c.ts
        AND g.from_ts BETWEEN f.from_ts - interval '1 millisecond' AND f.from_ts + interval '1 millisecond')
  )
  SELECT i.instrument_id, i.key, i.kind, i.symbol, i.currency, i.trading_class, i.multiplier, i.expiry, i.strike, i."right",
    q.bid_price, q.bid_size, q.ask_price, q.ask_size, q.ts, q.session_id, q.marks, q.delayed, q.rules,
    EXISTS (SELECT FROM public.rejected_ticks r WHERE r.instrument_id = i.instrument_id AND r.kind = 'quote'
      AND r.ts > COALESCE(q.ts, tapedeck.before(at, look_back)) AND r.ts <= at),
    CASE WHEN l.opened_ts IS NOT NULL THEN l.stale_cause ELSE 'not-recorded' END
  FROM public.instruments i
  LEFT JOIN LATERAL (
    SELECT t.ts, t.session_id, t.bid_price, t.bid_size, t.ask_price, t.ask_size, t.marks, t.delayed, t.rules
    FROM public.quotes t
    WHERE t.instrument_id = i.instrument_id AND t.ts <= at AND t.ts > tapedeck.before(at, look_back) AND t.source IS NULL
    ORDER BY t.ts DESC LIMIT 1
  ) q ON true
  -- One session that has held the line since that quote without a gap is enough: a change would have come on it.
  LEFT JOIN LATERAL (
    SELECT h.opened_ts, COALESCE(
      CASE WHEN COALESCE(h.until_ts, h.closed_ts) < at THEN COALESCE(h.cause, 'closed') END,
      CASE WHEN h.opened_ts > q.ts THEN 'no-quote-yet' END,
      (SELECT lost.cause FROM lost
       WHERE lost.session_id = h.session_id AND lost.from_ts <= at
         AND (lost.to_ts > at OR lost.from_ts >= q.ts OR lost.doubtful AND lost.to_ts > q.ts)
         AND (lost.instrument_id = i.instrument_id OR lost.instrument_id IS NULL AND tapedeck.is_cut_by(lost.cause, i.kind, i.currency))
       ORDER BY lost.from_ts DESC LIMIT 1)) AS stale_cause
    -- As a list: a join would be made anew for each instrument.
    FROM public.line_holds h
    WHERE h.instrument_id = i.instrument_id AND h.session_id = ANY (ARRAY(SELECT r.session_id FROM running r)) AND h.feed IS NULL AND h.opened_ts <= at
    ORDER BY 2 NULLS FIRST, h.opened_ts DESC LIMIT 1
  ) l ON true
  WHERE of_underlying IS NOT NULL AND i.kind = 'option' AND i.symbol = of_underlying
    OR of_instrument IS NOT NULL AND i.instrument_id = of_instrument
    OR of_name IS NOT NULL AND (i.key = of_name OR i.symbol = of_name AND i.kind IN ('stock', 'index'))
$$;

CREATE OR REPLACE FUNCTION tapedeck.bars_of(instruments bigint[], width text, from_ts timestamptz, to_ts timestamptz)
RETURNS TABLE (instrument_id bigint, ts timestamptz, open float8, high float8, low float8, close float8, volume float8, vwap float8, trades bigint,
  source text, volume_source text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b.instrument_id, b.ts, b.open, b.high, b.low, b.close, b.volume, b.vwap, b.trades, b.source, b.volume_source
  FROM (
    SELECT true AS is_stored, s.instrument_id, s.day_ts, s.ts, s.open, s.high, s.low, s.close, s.best_volume AS volume, s.vwap, s.trades, s.source,
      s.best_volume_source AS volume_source
    FROM public.bars_1d_stored s
    UNION ALL
    SELECT false, c.instrument_id, NULL, c.ts, c.open, c.high, c.low, c.close, c.volume, c.vwap, c.trades, c.source, c.volume_source
    FROM tapedeck.computed_bars_of(instruments, width,
      CASE width WHEN '1d' THEN GREATEST(from_ts, tapedeck.days_stored_to()) ELSE from_ts END, to_ts) c
  ) b
  -- Out here and not in front of UNION ALL, where each row would be handed on twice before it is looked at.
  WHERE CASE WHEN b.is_stored
      THEN width = '1d' AND b.volume_source IS NOT NULL AND b.instrument_id = ANY (instruments)
        AND b.day_ts > tapedeck.before(from_ts, '24 hours') AND b.day_ts < LEAST(to_ts, tapedeck.days_stored_to()) AND b.ts >= from_ts AND b.ts < to_ts
      -- False as soon as it is planned, when all days are stored: planning the rest takes ten times as long as to read a year of 500 stocks.
      ELSE width <> '1d' OR tapedeck.days_stored_to() < to_ts END
$$;

-- down

CREATE OR REPLACE FUNCTION tapedeck.bars_of(instruments bigint[], width text, from_ts timestamptz, to_ts timestamptz)
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

CREATE OR REPLACE FUNCTION tapedeck.states_at(of_underlying text, of_instrument bigint, of_name text, at timestamptz, look_back interval)
RETURNS TABLE (instrument_id bigint, key text, kind text, symbol text, currency text, trading_class text, multiplier float8, expiry date,
  strike float8, "right" char(1), bid_price float8, bid_size float8, ask_price float8, ask_size float8, quote_ts timestamptz, quote_session_id bigint,
  quote_marks text, quote_delayed boolean, quote_rules bigint, refused boolean, stale_cause text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH running AS MATERIALIZED (
    SELECT s.session_id FROM public.sessions s
    WHERE COALESCE(s.started_ts, '-infinity') <= at AND at <= COALESCE(s.ended_ts,
      -- Not ended: as far as it was alive. What the next minute brought may be on its way.
      GREATEST(s.last_alive_ts,
        (SELECT b.last_ts FROM public.batches b WHERE b.session_id = s.session_id AND b.last_ts IS NOT NULL ORDER BY b.batch_no DESC LIMIT 1))
        + interval '1 minute')
  ), lost AS MATERIALIZED (
    -- doubtful: quotes from within it may not have stood either, as some of their successors were dropped.
    SELECT g.session_id, g.from_ts, g.to_ts, g.cause, g.instrument_id, g.dropped_ticks IS NOT NULL AS doubtful
    FROM public.gaps g JOIN running USING (session_id)
    WHERE tstzrange(LEAST(g.from_ts, g.to_ts), GREATEST(g.from_ts, g.to_ts), '[]') && tstzrange(tapedeck.before(at, look_back), at, '[]')
    UNION ALL
    -- Gaps of which no end is recorded: their record is written at the end. For 10 s behind the notice quotes may have been on their way.
    SELECT c.session_id, f.from_ts, c.ts + interval '10 seconds', c.record->>'cause', NULL, true
    FROM running JOIN public.control_records c USING (session_id)
    CROSS JOIN LATERAL (SELECT to_timestamp((c.record->>'fromTsUs')::float8 / 1000000) AS from_ts OFFSET 0) f
    WHERE c.kind = 'session' AND c.record->>'event' = 'interrupted' AND f.from_ts <= at AND NOT EXISTS (
      SELECT FROM public.gaps g WHERE g.session_id = c.session_id AND g.cause = c.record->>'cause' AND g.noted_ts >= c.ts
        AND g.from_ts BETWEEN f.from_ts - interval '1 millisecond' AND f.from_ts + interval '1 millisecond')
  )
  SELECT i.instrument_id, i.key, i.kind, i.symbol, i.currency, i.trading_class, i.multiplier, i.expiry, i.strike, i."right",
    q.bid_price, q.bid_size, q.ask_price, q.ask_size, q.ts, q.session_id, q.marks, q.delayed, q.rules,
    EXISTS (SELECT FROM public.rejected_ticks r WHERE r.instrument_id = i.instrument_id AND r.kind = 'quote'
      AND r.ts > COALESCE(q.ts, tapedeck.before(at, look_back)) AND r.ts <= at),
    CASE WHEN l.opened_ts IS NOT NULL THEN l.stale_cause ELSE 'not-recorded' END
  FROM public.instruments i
  LEFT JOIN LATERAL (
    SELECT t.ts, t.session_id, t.bid_price, t.bid_size, t.ask_price, t.ask_size, t.marks, t.delayed, t.rules
    FROM public.quotes t
    WHERE t.instrument_id = i.instrument_id AND t.ts <= at AND t.ts > tapedeck.before(at, look_back) AND t.source IS NULL
    ORDER BY t.ts DESC LIMIT 1
  ) q ON true
  -- One session that has held the line since that quote without a gap is enough: a change would have come on it.
  LEFT JOIN LATERAL (
    SELECT h.opened_ts, COALESCE(
      CASE WHEN COALESCE(h.until_ts, h.closed_ts) < at THEN COALESCE(h.cause, 'closed') END,
      CASE WHEN h.opened_ts > q.ts THEN 'no-quote-yet' END,
      (SELECT lost.cause FROM lost
       WHERE lost.session_id = h.session_id AND lost.from_ts <= at
         AND (lost.to_ts > at OR lost.from_ts >= q.ts OR lost.doubtful AND lost.to_ts > q.ts)
         AND (lost.instrument_id = i.instrument_id OR lost.instrument_id IS NULL AND tapedeck.is_cut_by(lost.cause, i.kind, i.currency))
       ORDER BY lost.from_ts DESC LIMIT 1)) AS stale_cause
    FROM running JOIN public.line_holds h ON h.session_id = running.session_id AND h.instrument_id = i.instrument_id AND h.feed IS NULL
    WHERE h.opened_ts <= at
    ORDER BY 2 NULLS FIRST, h.opened_ts DESC LIMIT 1
  ) l ON true
  WHERE of_underlying IS NOT NULL AND i.kind = 'option' AND i.symbol = of_underlying
    OR of_instrument IS NOT NULL AND i.instrument_id = of_instrument
    OR of_name IS NOT NULL AND (i.key = of_name OR i.symbol = of_name AND i.kind IN ('stock', 'index'))
$$;

CREATE OR REPLACE FUNCTION tapedeck.flags_of(marks text, delayed boolean, rule_bits bigint) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT COALESCE(string_to_array(marks, ','), '{}') || CASE WHEN delayed THEN '{delayed}'::text[] ELSE '{}' END
    || CASE WHEN rule_bits IS NULL THEN '{}' ELSE COALESCE(
      (SELECT array_agg(r.name ORDER BY r.name COLLATE "C") FROM public.rules r WHERE rule_bits & (1::bigint << r.bit::int) <> 0), '{}')
      || CASE WHEN rule_bits & (1::bigint << 62) <> 0 THEN '{other-rule}'::text[] ELSE '{}' END END
$$;
DROP FUNCTION tapedeck.rule_names;
