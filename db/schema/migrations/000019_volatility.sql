-- What quotes say of volatility, as functions: implied volatility of a price, of an option chain at a moment, and at the money over time.

CREATE SCHEMA IF NOT EXISTS tapedeck;

-- Black's formula on the forward, solved by halving: it cannot run away, and 50 steps are exact to 1e-14. The normal distribution is
-- formula 26.2.17 of Abramowitz and Stegun (error below 7.5e-8), because PostgreSQL 15 has no erf.
CREATE FUNCTION tapedeck.implied_volatility(price float8, forward float8, strike float8, years float8, rate float8, "right" text)
RETURNS float8 LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  target float8 := price * exp(rate * years);
  low float8 := 0.0005;
  high float8 := 8;
  volatility float8;
  spread float8;
  x float8;
  t float8;
  tail float8;
  value float8;
  cumulative float8[] := ARRAY[0, 0];
BEGIN
  IF price IS NULL OR forward IS NULL OR strike IS NULL OR years IS NULL OR rate IS NULL OR "right" IS NULL OR forward <= 0 OR strike <= 0 OR years <= 0 THEN
    RETURN NULL;
  END IF;
  -- The value of a call: what parity makes of a put's.
  IF "right" = 'P' THEN
    target := target + forward - strike;
  END IF;
  IF target <= GREATEST(forward - strike, 0) + 1e-9 * forward OR target >= forward THEN
    RETURN NULL;
  END IF;
  FOR step IN 1..50 LOOP
    volatility := (low + high) / 2;
    spread := volatility * sqrt(years);
    FOR side IN 1..2 LOOP
      x := ln(forward / strike) / spread + (CASE side WHEN 1 THEN 0.5 ELSE -0.5 END) * spread;
      t := 1 / (1 + 0.2316419 * abs(x));
      -- Beyond 38 deviations exp would underflow, which is an error in PostgreSQL.
      tail := CASE WHEN abs(x) > 37 THEN 0 ELSE 0.3989422804014327 * exp(-x * x / 2)
        * t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))) END;
      cumulative[side] := CASE WHEN x >= 0 THEN 1 - tail ELSE tail END;
    END LOOP;
    value := forward * cumulative[1] - strike * cumulative[2];
    IF value > target THEN
      high := volatility;
    ELSE
      low := volatility;
    END IF;
  END LOOP;
  -- At either end nothing was found: the price says nothing that volatility could explain.
  RETURN CASE WHEN volatility BETWEEN 0.001 AND 7.99 THEN volatility END;
END $$;
COMMENT ON FUNCTION tapedeck.implied_volatility IS 'Annual volatility (0.25 is 25 %) at which Black''s formula gives the price of a European option. forward: of the underlying for delivery at expiry; rate: annual, continuously compounded; right: C or P. Null: the price is outside of what any volatility explains. Of an American option it is a little high, least so out of the money.';

CREATE FUNCTION tapedeck.volatility_at(of_symbol text, at_ts timestamptz, within interval DEFAULT '1 hour')
RETURNS TABLE (trading_class text, expiry date, days float8, forward float8, strike float8, "right" char(1), volatility float8, basis text, ts timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH chains AS (
    SELECT DISTINCT ON (c.trading_class, c.multiplier, c.expiry) c.trading_class, c.multiplier, c.expiry, c.days, c.forward, c.ts,
      COALESCE(c.rate, c.implied_rate, 0) AS rate
    FROM implied_carry c WHERE c.symbol = of_symbol AND c.ts > at_ts - within AND c.ts <= at_ts
    ORDER BY c.trading_class, c.multiplier, c.expiry, c.ts DESC
  )
  SELECT i.trading_class, i.expiry, COALESCE(c.days, i.expiry - (at_ts AT TIME ZONE 'America/New_York')::date), COALESCE(c.forward, g.underlying_price),
    i.strike, i."right", COALESCE(g.implied_volatility, v.volatility), CASE WHEN g.implied_volatility IS NULL THEN 'mid' ELSE 'model' END,
    COALESCE(g.ts, q.ts)
  FROM instruments i
  LEFT JOIN chains c ON c.trading_class = COALESCE(i.trading_class, i.symbol) AND c.multiplier = i.multiplier AND c.expiry = i.expiry
  LEFT JOIN LATERAL (
    SELECT o.implied_volatility, o.underlying_price, o.ts FROM option_greeks o
    WHERE o.instrument_id = i.instrument_id AND o.ts > at_ts - within AND o.ts <= at_ts AND o.basis = 'model' AND o.implied_volatility > 0
    ORDER BY o.ts DESC LIMIT 1) g ON true
  LEFT JOIN LATERAL (
    SELECT (s.bid_price + s.ask_price) / 2 AS mid, s.ts FROM quotes s
    WHERE g.ts IS NULL AND s.instrument_id = i.instrument_id AND s.ts > at_ts - within AND s.ts <= at_ts
      AND s.bid_price > 0 AND s.ask_price >= s.bid_price
    ORDER BY s.ts DESC LIMIT 1) q ON true
  CROSS JOIN LATERAL (SELECT tapedeck.implied_volatility(q.mid, c.forward, i.strike, c.days / 365, c.rate, i."right"::text) AS volatility) v
  WHERE i.kind = 'option' AND i.symbol = of_symbol AND i.expiry >= (at_ts AT TIME ZONE 'America/New_York')::date
    AND COALESCE(g.implied_volatility, v.volatility) IS NOT NULL
    -- Out of the money only: what can be exercised early for a profit says less of volatility.
    AND (i."right" = 'C') = (i.strike >= COALESCE(c.forward, g.underlying_price))
$$;
COMMENT ON FUNCTION tapedeck.volatility_at IS 'Implied volatilities of the options out of the money at a moment, from what was recorded within that time before it. basis model: as the broker computed it (option_greeks). mid: from the middle of the quote and from the forward that put-call parity implies (implied_carry), by tapedeck.implied_volatility; needs the detectors to be on.';

CREATE FUNCTION tapedeck.atm_volatility(of_symbol text, from_ts timestamptz, to_ts timestamptz, width interval)
RETURNS TABLE (ts timestamptz, trading_class text, expiry date, days float8, volatility float8, basis text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH models AS (
    SELECT date_bin(width, o.ts, timestamptz 'epoch') AS bin, i.trading_class, i.expiry, avg(o.implied_volatility) AS volatility
    FROM instruments i JOIN option_greeks o ON o.instrument_id = i.instrument_id
    WHERE i.kind = 'option' AND i.symbol = of_symbol AND o.ts BETWEEN from_ts AND to_ts AND o.basis = 'model' AND o.implied_volatility > 0
      AND abs(o.delta) BETWEEN 0.4 AND 0.6
    GROUP BY 1, 2, 3
  ), chains AS (
    SELECT DISTINCT ON (bin, c.trading_class, c.multiplier, c.expiry) date_bin(width, c.ts, timestamptz 'epoch') AS bin, c.*
    FROM implied_carry c WHERE c.symbol = of_symbol AND c.ts BETWEEN from_ts AND to_ts
    ORDER BY bin, c.trading_class, c.multiplier, c.expiry, c.ts DESC
  ), options AS MATERIALIZED (
    SELECT instrument_id, COALESCE(trading_class, symbol) AS trading_class, multiplier, expiry, strike, "right"
    FROM instruments WHERE kind = 'option' AND symbol = of_symbol
  ), mids AS (
    SELECT c.bin, c.trading_class, c.expiry, max(c.days) AS days,
      avg(tapedeck.implied_volatility(q.mid, c.forward, i.strike, c.days / 365, COALESCE(c.rate, c.implied_rate, 0), i."right"::text)) AS volatility
    FROM chains c
    CROSS JOIN LATERAL (
      SELECT o.instrument_id, o.strike, o."right" FROM options o
      WHERE o.expiry = c.expiry AND o.trading_class = c.trading_class AND o.multiplier = c.multiplier
      ORDER BY abs(o.strike - c.forward), o.strike LIMIT 2) i
    CROSS JOIN LATERAL (
      SELECT (s.bid_price + s.ask_price) / 2 AS mid FROM quotes s
      WHERE s.instrument_id = i.instrument_id AND s.ts > c.ts - interval '1 hour' AND s.ts <= c.ts AND s.bid_price > 0 AND s.ask_price >= s.bid_price
      ORDER BY s.ts DESC LIMIT 1) q
    GROUP BY 1, 2, 3
  )
  SELECT COALESCE(m.bin, p.bin), COALESCE(m.trading_class, p.trading_class), COALESCE(m.expiry, p.expiry),
    COALESCE(p.days, m.expiry - (m.bin AT TIME ZONE 'America/New_York')::date), COALESCE(m.volatility, p.volatility),
    CASE WHEN m.volatility IS NULL THEN 'mid' ELSE 'model' END
  FROM models m FULL JOIN mids p ON p.bin = m.bin AND p.expiry = m.expiry AND p.trading_class = m.trading_class
  WHERE COALESCE(m.volatility, p.volatility) IS NOT NULL
$$;
COMMENT ON FUNCTION tapedeck.atm_volatility IS 'Implied volatility at the money by expiry, once in each width of time. basis model: mean of the broker''s over options with a delta of 0.4 to 0.6. mid: of call and put at the strike nearest to the forward, as tapedeck.volatility_at has it.';

-- down

DROP FUNCTION tapedeck.atm_volatility, tapedeck.volatility_at, tapedeck.implied_volatility;
