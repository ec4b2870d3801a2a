-- What was known at an instant: the quote of an instrument, and the chain of options of an underlying.
--
-- The bodies are text and name their tables in full: they belong to no table, so that one that is replaced under its name, as a plain table
-- by a hypertable, needs nothing here. One SELECT each, which the planner takes into the query that calls it: with a time that is given as a
-- value, TimescaleDB leaves out all chunks but those of the look-back, and of these an index gives the newest row of each instrument.

CREATE INDEX control_records_named ON control_records (instrument_id, ts) WHERE kind = 'contract';
CREATE INDEX control_records_interrupted ON control_records (session_id, ts) WHERE kind = 'session' AND record->>'event' = 'interrupted';
CREATE INDEX rejected_ticks_instrument ON rejected_ticks (instrument_id, ts);

-- Immutable, other than the operator: the planner must know the time to leave out chunks. True in every time zone: a day is 24 hours here.
CREATE FUNCTION tapedeck.before(at timestamptz, back interval) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN at - make_interval(secs => extract(epoch FROM back)::float8);
END $$;
COMMENT ON FUNCTION tapedeck.before IS 'So much earlier, a day being 24 hours.';

-- The same as in collector/gaps/farms.ts; a test compares.
CREATE FUNCTION tapedeck.is_cut_by(cause text, kind text, currency text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN cause NOT LIKE 'farm-broken: %' THEN true
    ELSE CASE lower(split_part(substr(cause, 14), '.', 1))
      WHEN 'usfarm' THEN kind IN ('stock', 'index') AND currency = 'USD'
      WHEN 'usopt' THEN kind = 'option' AND currency = 'USD'
      WHEN 'usfuture' THEN kind = 'future' AND currency = 'USD'
      WHEN 'eufarm' THEN currency IN ('EUR', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'HUF', 'CZK')
      WHEN 'eufarmnj' THEN currency IN ('EUR', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'HUF', 'CZK')
      WHEN 'jfarm' THEN currency = 'JPY'
      WHEN 'cashfarm' THEN false
      ELSE lower(split_part(substr(cause, 14), '.', 1)) NOT LIKE '%hmds' AND lower(substr(cause, 14)) NOT LIKE 'secdef%' END
  END
$$;
COMMENT ON FUNCTION tapedeck.is_cut_by IS 'Whether a gap of all lines, or of those of a farm, is one of the market data of such an instrument. A farm of an unknown name serves every line.';

CREATE FUNCTION tapedeck.flags_of(marks text, delayed boolean, rule_bits bigint) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT COALESCE(string_to_array(marks, ','), '{}') || CASE WHEN delayed THEN '{delayed}'::text[] ELSE '{}' END
    || CASE WHEN rule_bits IS NULL THEN '{}' ELSE COALESCE(
      (SELECT array_agg(r.name ORDER BY r.name COLLATE "C") FROM public.rules r WHERE rule_bits & (1::bigint << r.bit::int) <> 0), '{}')
      || CASE WHEN rule_bits & (1::bigint << 62) <> 0 THEN '{other-rule}'::text[] ELSE '{}' END END
$$;
COMMENT ON FUNCTION tapedeck.flags_of IS 'Marks, delayed, and the rules that spoke, of a row of ticks.';

-- Of the options of one underlying, of one instrument by its number, or of those with a key or, stocks and indices, a symbol: what is null
-- asks for nothing.
CREATE FUNCTION tapedeck.states_at(of_underlying text, of_instrument bigint, of_name text, at timestamptz, look_back interval)
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
COMMENT ON FUNCTION tapedeck.states_at IS 'What quote_at and chain_at are made of.';

CREATE FUNCTION quote_at(instrument bigint, at timestamptz, look_back interval DEFAULT '7 days')
RETURNS TABLE (instrument_id bigint, key text, bid_price float8, bid_size float8, ask_price float8, ask_size float8, quote_ts timestamptz,
  quote_age interval, stale boolean, stale_cause text, flags text[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.instrument_id, s.key, s.bid_price, s.bid_size, s.ask_price, s.ask_size, s.quote_ts, at - s.quote_ts, s.stale_cause IS NOT NULL,
    s.stale_cause, tapedeck.flags_of(s.quote_marks, s.quote_delayed, s.quote_rules) || CASE WHEN s.refused THEN '{quarantined}'::text[] ELSE '{}' END
  FROM tapedeck.states_at(NULL, instrument, NULL, at, look_back) s
$$;
CREATE FUNCTION quote_at(instrument text, at timestamptz, look_back interval DEFAULT '7 days')
RETURNS TABLE (instrument_id bigint, key text, bid_price float8, bid_size float8, ask_price float8, ask_size float8, quote_ts timestamptz,
  quote_age interval, stale boolean, stale_cause text, flags text[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.instrument_id, s.key, s.bid_price, s.bid_size, s.ask_price, s.ask_size, s.quote_ts, at - s.quote_ts, s.stale_cause IS NOT NULL,
    s.stale_cause, tapedeck.flags_of(s.quote_marks, s.quote_delayed, s.quote_rules) || CASE WHEN s.refused THEN '{quarantined}'::text[] ELSE '{}' END
  FROM tapedeck.states_at(NULL, NULL, instrument, at, look_back) s
$$;
COMMENT ON FUNCTION quote_at(bigint, timestamptz, interval) IS 'The best bid and ask of an instrument, by its number, as recorded up to an instant. stale: it is not known to have stood then, for the reason in stale_cause.';
COMMENT ON FUNCTION quote_at(text, timestamptz, interval) IS 'The best bid and ask of an instrument, by its key or, of a stock or an index, its symbol, as recorded up to an instant. stale: it is not known to have stood then, for the reason in stale_cause.';

CREATE FUNCTION chain_at(underlying text, at timestamptz, look_back interval DEFAULT '7 days')
RETURNS TABLE (instrument_id bigint, key text, currency text, trading_class text, multiplier float8, expiry date, strike float8, "right" char(1),
  bid_price float8, bid_size float8, ask_price float8, ask_size float8, quote_ts timestamptz, quote_age interval,
  last_price float8, last_size float8, last_ts timestamptz, last_age interval,
  implied_volatility float8, delta float8, gamma float8, vega float8, theta float8, underlying_price float8, greeks_ts timestamptz, greeks_age interval,
  stale boolean, stale_cause text, flags text[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.instrument_id, s.key, s.currency, s.trading_class, s.multiplier, s.expiry, s.strike, s."right",
    s.bid_price, s.bid_size, s.ask_price, s.ask_size, s.quote_ts, at - s.quote_ts,
    t.price, t.size, t.made_ts, GREATEST(at - t.made_ts, interval '0'),
    g.implied_volatility, g.delta, g.gamma, g.vega, g.theta, g.underlying_price, g.ts, at - g.ts,
    s.stale_cause IS NOT NULL, s.stale_cause,
    tapedeck.flags_of(s.quote_marks, s.quote_delayed, s.quote_rules) || CASE WHEN s.refused THEN '{quarantined}'::text[] ELSE '{}' END
      -- The same as isAdjusted in market/option/bounds.ts.
      || CASE WHEN s.trading_class <> s.symbol AND s.trading_class ~ '[0-9]$' THEN '{adjusted}'::text[] ELSE '{}' END
  FROM tapedeck.states_at(underlying, NULL, NULL, at, look_back) s
  LEFT JOIN LATERAL (
    SELECT n.price, n.size, COALESCE(n.event_ts, n.ts) AS made_ts FROM public.trades n
    WHERE n.instrument_id = s.instrument_id AND n.ts <= at AND n.ts > tapedeck.before(at, look_back)
    ORDER BY n.ts DESC LIMIT 1
  ) t ON true
  LEFT JOIN LATERAL (
    SELECT o.* FROM public.option_greeks o
    WHERE o.instrument_id = s.instrument_id AND o.ts <= at AND o.ts > tapedeck.before(at, look_back) AND o.basis = 'model'
    ORDER BY o.ts DESC LIMIT 1
  ) g ON true
  WHERE s.expiry >= (at AT TIME ZONE 'America/New_York')::date AND (s.quote_ts IS NOT NULL
    -- LIMIT 1 and not EXISTS, for which the planner might read the whole history at once.
    OR (SELECT true FROM public.control_records c WHERE c.kind = 'contract' AND c.instrument_id = s.instrument_id AND c.ts <= at LIMIT 1)
    OR (SELECT true FROM public.line_holds h WHERE h.instrument_id = s.instrument_id AND h.opened_ts <= at LIMIT 1))
$$;
COMMENT ON FUNCTION chain_at IS 'The options of an underlying as they were known at an instant, one a row: those that were named by then and had not expired. Quote, last trade and the greeks of the model, each the newest up to that instant, with its age. stale: the quote is not known to have stood then, for the reason in stale_cause. docs/queries.md has the columns.';

-- Asks for the aggregates when it is called, as storage makes them later; with the values written out, so that old chunks are left out.
CREATE FUNCTION bars(symbol text, width text, from_ts timestamptz, to_ts timestamptz)
RETURNS TABLE (instrument_id bigint, key text, ts timestamptz, open float8, high float8, low float8, close float8, volume float8, vwap float8,
  trades bigint, source text, volume_source text)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  instruments bigint[] := (SELECT array_agg(i.instrument_id) FROM public.instruments i
    WHERE i.key = bars.symbol OR i.symbol = bars.symbol AND i.kind IN ('stock', 'index'));
BEGIN
  IF width IS NULL OR width NOT IN ('1m', '5m', '1h', '1d') THEN
    RAISE EXCEPTION 'expected a width of 1m, 5m, 1h or 1d, found %', COALESCE(width, 'null') USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN QUERY EXECUTE format(
    'SELECT b.instrument_id, i.key, b.ts, b.open, b.high, b.low, b.close, b.volume, b.vwap, b.trades, b.source, b.volume_source
     FROM tapedeck.bars_of(%L, %L, %L, %L) b JOIN public.instruments i ON i.instrument_id = b.instrument_id ORDER BY i.key, b.ts',
    instruments, width, from_ts, to_ts);
END $$;
COMMENT ON FUNCTION bars IS 'Bars of trades that begin in a range of time, of an instrument by its key or, of a stock or an index, its symbol: 1m, 5m, 1h, or 1d for sessions of the exchange. Of the best source that it has on each day, never of several. tapedeck.bars_of gives those of many instruments at once.';

-- down

DROP FUNCTION bars;
DROP FUNCTION chain_at;
DROP FUNCTION quote_at(text, timestamptz, interval);
DROP FUNCTION quote_at(bigint, timestamptz, interval);
DROP FUNCTION tapedeck.states_at;
DROP FUNCTION tapedeck.flags_of;
DROP FUNCTION tapedeck.is_cut_by;
DROP FUNCTION tapedeck.before;
DROP INDEX rejected_ticks_instrument, control_records_interrupted, control_records_named;
