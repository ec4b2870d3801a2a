-- Bars as published, what has to be known to adjust and to price them, and what is wrong with them.

ALTER TABLE instruments ADD COLUMN calendar text;
COMMENT ON COLUMN instruments.calendar IS 'Code of the market whose calendar its bars follow (ISO 10383): XNYS, XBOM. Null: no bars were imported.';

CREATE TABLE bars (
  instrument_id bigint NOT NULL,
  bar_seconds integer NOT NULL,
  start_ts timestamptz NOT NULL,
  session_date date NOT NULL,
  open float8 NOT NULL,
  high float8 NOT NULL,
  low float8 NOT NULL,
  close float8 NOT NULL,
  volume float8,
  vwap float8,
  trades bigint,
  source text NOT NULL,
  PRIMARY KEY (instrument_id, bar_seconds, start_ts)
);
COMMENT ON TABLE bars IS 'Bars as published: raw prices, never adjusted. adjusted_bars(as_of) adjusts them for splits and dividends.';
COMMENT ON COLUMN bars.bar_seconds IS 'Length of the bar; 86400 is a market day.';
COMMENT ON COLUMN bars.start_ts IS 'Begin of the bar; of a day, its midnight at the exchange.';
COMMENT ON COLUMN bars.session_date IS 'Date at the exchange.';
COMMENT ON COLUMN bars.open IS 'In currency per unit, like high, low, close and vwap.';
COMMENT ON COLUMN bars.volume IS 'Units traded, as then counted: a later split does not change it. Null: not given.';
COMMENT ON COLUMN bars.vwap IS 'Average price weighted by volume. Null: not given.';
COMMENT ON COLUMN bars.trades IS 'How many trades. Null: not given.';
COMMENT ON COLUMN bars.source IS 'Who published it, as named at the import.';

CREATE TABLE replaced_bars (
  LIKE bars,
  replaced_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX replaced_bars_bar ON replaced_bars (instrument_id, bar_seconds, start_ts);
COMMENT ON TABLE replaced_bars IS 'Bars as they were before an import brought other figures for them.';

CREATE TABLE corporate_actions (
  instrument_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('dividend', 'split')),
  ex_date date NOT NULL,
  as_of date NOT NULL,
  amount float8 CHECK (amount >= 0 AND amount < 'Infinity'),
  ratio float8 CHECK (ratio > 0 AND ratio < 'Infinity'),
  status text NOT NULL DEFAULT 'paid' CHECK (status IN ('expected', 'paid', 'cancelled')),
  source text NOT NULL,
  PRIMARY KEY (instrument_id, kind, ex_date, as_of),
  CHECK (CASE kind WHEN 'dividend' THEN amount IS NOT NULL AND ratio IS NULL ELSE ratio IS NOT NULL AND amount IS NULL END)
);
COMMENT ON TABLE corporate_actions IS 'Dividends and splits. What became known later is a further row with a later as_of; the latest one up to a day is what was known on it.';
COMMENT ON COLUMN corporate_actions.ex_date IS 'First session without the dividend, or with the new shares.';
COMMENT ON COLUMN corporate_actions.as_of IS 'The day on which it was known. Where a source does not say, the ex-date.';
COMMENT ON COLUMN corporate_actions.amount IS 'Of a dividend: in currency per share, of the shares that trade on the ex-date.';
COMMENT ON COLUMN corporate_actions.ratio IS 'Of a split: shares after it for each share before. 2 doubles the shares and halves the price.';
COMMENT ON COLUMN corporate_actions.status IS 'expected, paid, or cancelled: it will not happen.';

CREATE TABLE interest_rates (
  currency text NOT NULL,
  as_of date NOT NULL,
  days integer NOT NULL CHECK (days > 0),
  rate float8 NOT NULL CHECK (rate > '-Infinity' AND rate < 'Infinity'),
  source text NOT NULL,
  PRIMARY KEY (currency, as_of, days)
);
COMMENT ON TABLE interest_rates IS 'Curves of interest rates by the day on which they were known. The curve of a currency and day is one import''s as a whole.';
COMMENT ON COLUMN interest_rates.days IS 'Calendar days from as_of.';
COMMENT ON COLUMN interest_rates.rate IS 'Annual fraction, continuously compounded, ACT/365: 0.04 is 4 %; the discount factor is exp(-rate * days / 365).';

CREATE TABLE imports (
  import_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  imported_at timestamptz NOT NULL DEFAULT now(),
  kind text NOT NULL,
  source text NOT NULL,
  files text[] NOT NULL,
  report jsonb NOT NULL
);
COMMENT ON TABLE imports IS 'What was imported when, from which files, and what was new, changed and refused.';
COMMENT ON COLUMN imports.kind IS 'bars, corporate-actions or interest-rates.';

CREATE TABLE bar_findings (
  finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  calendar text NOT NULL,
  bar_seconds integer NOT NULL,
  rule text NOT NULL,
  severity text NOT NULL,
  disposition text NOT NULL,
  instrument_id bigint,
  from_date date NOT NULL,
  to_date date NOT NULL,
  bars integer NOT NULL,
  reason text NOT NULL,
  evidence jsonb NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX bar_findings_days ON bar_findings (calendar, bar_seconds, from_date);
CREATE INDEX bar_findings_instrument ON bar_findings (instrument_id, from_date);
COMMENT ON TABLE bar_findings IS 'What the rules for bars found wrong. `tapedeck bars check` replaces the findings on the bars that it looks at.';
COMMENT ON COLUMN bar_findings.calendar IS 'Code of the market, as in instruments.';
COMMENT ON COLUMN bar_findings.severity IS 'info, warning or error.';
COMMENT ON COLUMN bar_findings.disposition IS 'flag, or quarantine: bars that are not to be computed with. They stay in bars.';
COMMENT ON COLUMN bar_findings.instrument_id IS 'Null: all instruments of that calendar.';
COMMENT ON COLUMN bar_findings.from_date IS 'First date at the exchange that it is about.';
COMMENT ON COLUMN bar_findings.to_date IS 'Last date, included.';
COMMENT ON COLUMN bar_findings.bars IS 'How many bars it is about; of missing sessions, how many are missing.';
COMMENT ON COLUMN bar_findings.evidence IS 'The figures that the finding rests on.';

CREATE AGGREGATE tapedeck.product(float8) (SFUNC = float8mul, STYPE = float8, INITCOND = '1');

CREATE FUNCTION adjusted_bars(as_of_date date)
RETURNS TABLE (instrument_id bigint, bar_seconds integer, start_ts timestamptz, session_date date, open float8, high float8, low float8, close float8,
  volume float8, vwap float8, trades bigint, source text, price_factor float8)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH known AS (
    SELECT DISTINCT ON (a.instrument_id, a.kind, a.ex_date) a.instrument_id, a.ex_date, a.amount, a.ratio, a.status
    FROM corporate_actions a WHERE a.ex_date <= as_of_date AND a.as_of <= as_of_date
    ORDER BY a.instrument_id, a.kind, a.ex_date, a.as_of DESC
  ), days AS (
    SELECT k.instrument_id, k.ex_date, COALESCE(sum(k.amount), 0) AS dividend, COALESCE(tapedeck.product(k.ratio), 1) AS ratio
    FROM known k WHERE k.status <> 'cancelled' GROUP BY k.instrument_id, k.ex_date
  ), priced AS (
    SELECT d.instrument_id, d.ex_date, d.ratio, COALESCE(c.close / (c.close + d.dividend), 1) / d.ratio AS factor
    FROM days d
    LEFT JOIN LATERAL (
      SELECT b.close FROM bars b
      WHERE b.instrument_id = d.instrument_id AND b.bar_seconds = 86400 AND b.start_ts >= d.ex_date - interval '1 day'
        AND b.session_date BETWEEN d.ex_date AND as_of_date AND b.close > 0
      ORDER BY b.start_ts LIMIT 1
    ) c ON true
  ), spans AS (
    SELECT p.instrument_id, COALESCE(lag(p.ex_date) OVER by_day, '-infinity') AS from_date, p.ex_date AS to_date,
      tapedeck.product(p.factor) OVER later AS factor, tapedeck.product(p.ratio) OVER later AS ratio
    FROM priced p
    WINDOW by_day AS (PARTITION BY p.instrument_id ORDER BY p.ex_date), later AS (PARTITION BY p.instrument_id ORDER BY p.ex_date DESC)
  )
  SELECT b.instrument_id, b.bar_seconds, b.start_ts, b.session_date, b.open * COALESCE(s.factor, 1), b.high * COALESCE(s.factor, 1),
    b.low * COALESCE(s.factor, 1), b.close * COALESCE(s.factor, 1), b.volume * COALESCE(s.ratio, 1), b.vwap * COALESCE(s.factor, 1), b.trades,
    b.source, COALESCE(s.factor, 1)
  FROM bars b
  LEFT JOIN spans s ON s.instrument_id = b.instrument_id AND b.session_date >= s.from_date AND b.session_date < s.to_date
  WHERE b.session_date <= as_of_date;
END;
COMMENT ON FUNCTION adjusted_bars IS 'The bars up to a day as a chart of that day shows them: adjusted for the splits and dividends that were known and had happened by then. A split divides the prices before it by its ratio and multiplies the volume; a dividend D multiplies the prices before its ex-date by C / (C + D), C being the close of the ex-date, as if it were reinvested at that close. The bars of the day itself are as published.';

-- down

DROP FUNCTION adjusted_bars;
DROP AGGREGATE tapedeck.product(float8);
DROP TABLE bar_findings, imports, interest_rates, corporate_actions, replaced_bars, bars;
ALTER TABLE instruments DROP COLUMN calendar;
