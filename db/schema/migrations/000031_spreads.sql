-- What it costs to cross a market, over a range of time, from the bars of quotes.

CREATE FUNCTION spreads(symbol text, width text, from_ts timestamptz, to_ts timestamptz)
RETURNS TABLE (instrument_id bigint, key text, ts timestamptz, source text, quotes bigint, two_sided bigint, locked bigint, spread float8,
  spread_deviation float8, spread_min float8, spread_max float8, relative_spread float8, mid float8, bid_size float8, ask_size float8)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  -- A session is one or more whole five minutes.
  bars CONSTANT text := CASE width WHEN '1m' THEN 'quote_bars_1m' WHEN '1h' THEN 'quote_bars_1h' ELSE 'quote_bars_5m' END;
BEGIN
  IF width IS NULL OR width NOT IN ('1m', '5m', '1h', '1d') THEN
    RAISE EXCEPTION 'expected a width of 1m, 5m, 1h or 1d, found %', COALESCE(width, 'null') USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- With the values written out, so that old chunks are left out.
  RETURN QUERY EXECUTE format($q$
    SELECT i.instrument_id, i.key, t.ts, q.source, sum(q.quotes)::bigint, sum(q.two_sided)::bigint, sum(q.locked)::bigint,
      sum(q.spread_sum) / NULLIF(sum(q.two_sided), 0)::float8,
      sqrt(GREATEST(sum(q.spread_square_sum) / NULLIF(sum(q.two_sided), 0)::float8 - (sum(q.spread_sum) / NULLIF(sum(q.two_sided), 0)::float8) ^ 2, 0)),
      min(q.spread_min), max(q.spread_max), sum(q.spread_sum) / NULLIF(sum(q.mid_sum), 0),
      sum(q.mid_sum) / NULLIF(sum(q.two_sided), 0)::float8,
      sum(q.bid_size_sum) / NULLIF(sum(q.two_sided), 0)::float8, sum(q.ask_size_sum) / NULLIF(sum(q.two_sided), 0)::float8
    FROM public.%1$I q
    JOIN public.instruments i ON i.instrument_id = q.instrument_id
    LEFT JOIN public.trading_sessions s ON %2$L = '1d' AND s.calendar = tapedeck.calendar_of(i.calendar, i.kind, i.currency)
      AND s.day_ts = date_bin('24 hours', q.ts, timestamptz 'epoch') AND q.ts >= s.open_ts AND q.ts < s.close_ts
    CROSS JOIN LATERAL (SELECT CASE
      WHEN %2$L <> '1d' THEN q.ts
      WHEN tapedeck.calendar_of(i.calendar, i.kind, i.currency) IS NULL THEN date_bin('24 hours', q.ts, timestamptz 'epoch')
      ELSE s.open_ts
    END AS ts) t
    WHERE q.instrument_id = ANY (%3$L::bigint[]) AND q.ts >= %4$L AND q.ts < %5$L AND t.ts >= %4$L AND t.ts < %6$L
    GROUP BY i.instrument_id, i.key, t.ts, q.source ORDER BY i.key, t.ts, q.source NULLS FIRST$q$,
    bars, width,
    (SELECT array_agg(i.instrument_id) FROM public.instruments i
      WHERE i.key = spreads.symbol OR i.symbol = spreads.symbol AND i.kind IN ('stock', 'index')),
    -- A day that begins within the range is whole.
    from_ts, CASE width WHEN '1d' THEN to_ts + interval '24 hours' ELSE to_ts END, to_ts);
END $$;
COMMENT ON FUNCTION spreads IS 'Ask less bid of an instrument, by its key or, of a stock or an index, its symbol, over intervals that begin in a range of time: 1m, 5m, 1h, or 1d for sessions of the exchange (days in UTC where it has none). Over changes of the quote and not over time, for which tapedeck.quote_averages reads the ticks. A row for each source of quotes; never add them up. relative_spread: mean spread over mean middle. spread_deviation: of all of the interval, not of a sample.';

-- down

DROP FUNCTION spreads;
