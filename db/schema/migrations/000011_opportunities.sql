-- Opportunities of arbitrage: what the detectors found in recorded sessions, each from its opening to its end; and what put-call parity
-- says of rates, dividends and borrow fees.

CREATE TABLE opportunities (
  opportunity_id text PRIMARY KEY,
  session_id bigint NOT NULL,
  opened_seq bigint NOT NULL,
  opened_ts timestamptz NOT NULL,
  best_ts timestamptz NOT NULL,
  closed_ts timestamptz NOT NULL,
  ending text NOT NULL,
  detector text NOT NULL,
  symbol text NOT NULL,
  currency text NOT NULL,
  expiry date NOT NULL,
  last_expiry date NOT NULL,
  multiplier float8 NOT NULL,
  quotes bigint NOT NULL,
  opened_certainty text NOT NULL,
  opened_assumptions text[] NOT NULL,
  opened_size float8 NOT NULL,
  opened_gross_edge_per_share float8 NOT NULL,
  opened_edge_per_share float8 NOT NULL,
  opened_edge_per_contract numeric NOT NULL,
  opened_profit numeric NOT NULL,
  opened_fees numeric NOT NULL,
  opened_capital numeric NOT NULL,
  opened_annual_return float8 NOT NULL,
  opened_worst_case numeric NOT NULL,
  opened_implied_rate float8,
  opened_skew_ms float8 NOT NULL,
  opened_carry jsonb NOT NULL,
  best_certainty text NOT NULL,
  best_assumptions text[] NOT NULL,
  best_size float8 NOT NULL,
  best_gross_edge_per_share float8 NOT NULL,
  best_edge_per_share float8 NOT NULL,
  best_edge_per_contract numeric NOT NULL,
  best_profit numeric NOT NULL,
  best_fees numeric NOT NULL,
  best_capital numeric NOT NULL,
  best_annual_return float8 NOT NULL,
  best_worst_case numeric NOT NULL,
  best_implied_rate float8,
  best_skew_ms float8 NOT NULL,
  best_carry jsonb NOT NULL,
  course_us bigint[] NOT NULL,
  course_edges float8[] NOT NULL,
  course_sizes float8[] NOT NULL,
  settings jsonb NOT NULL
);
CREATE INDEX opportunities_session ON opportunities (session_id, opened_ts);
CREATE INDEX opportunities_opened ON opportunities (opened_ts);
COMMENT ON TABLE opportunities IS 'What the arbitrage detectors found, one row from opening to end, at its opening and when its profit was highest. Derived: tapedeck arb scan --write makes the rows of a session again.';
COMMENT ON COLUMN opportunities.opportunity_id IS 'Session, number of the record that opened it, and number among those it opened: the same live and in every scan.';
COMMENT ON COLUMN opportunities.opened_ts IS 'Of the quote that opened it; best_ts when profit was highest; closed_ts when it was seen that it was over. Times of the tape.';
COMMENT ON COLUMN opportunities.ending IS 'Why it closed: edge-gone, quote-gone, size-gone, carry-changed, refused, gap, within-gap (it opened on data that was dead already), overrun or session-ended.';
COMMENT ON COLUMN opportunities.symbol IS 'Of the underlying.';
COMMENT ON COLUMN opportunities.expiry IS 'Of the options that expire first; last_expiry of those that expire last.';
COMMENT ON COLUMN opportunities.multiplier IS 'Shares that one contract stands for.';
COMMENT ON COLUMN opportunities.quotes IS 'Quotes of its legs while it was open, the first one included.';
COMMENT ON COLUMN opportunities.best_certainty IS 'guaranteed: whatever the market and whoever is assigned do, with the inputs in best_carry. expected: unless one of the assumptions fails.';
COMMENT ON COLUMN opportunities.best_assumptions IS 'What it rests on beside prices and carry.';
COMMENT ON COLUMN opportunities.best_size IS 'Packages that could be had at these prices: the smallest leg.';
COMMENT ON COLUMN opportunities.best_gross_edge_per_share IS 'Before fees.';
COMMENT ON COLUMN opportunities.best_edge_per_share IS 'After all fees, at best_size.';
COMMENT ON COLUMN opportunities.best_edge_per_contract IS 'Of one package: per share times multiplier, after fees.';
COMMENT ON COLUMN opportunities.best_profit IS 'Of best_size packages, after fees, in currency.';
COMMENT ON COLUMN opportunities.best_fees IS 'Of all orders at best_size.';
COMMENT ON COLUMN opportunities.best_capital IS 'Paid or put up for one package.';
COMMENT ON COLUMN opportunities.best_annual_return IS 'Annual fraction of capital, ACT/365, until the last expiry: 0.05 is 5 %.';
COMMENT ON COLUMN opportunities.best_worst_case IS 'The least that one package brings in today''s money, fees paid, when every assumption fails.';
COMMENT ON COLUMN opportunities.best_implied_rate IS 'Annual rate, continuously compounded, at which the package lends or borrows money. Null: it does neither.';
COMMENT ON COLUMN opportunities.best_skew_ms IS 'Between the last changes of the oldest and the newest quote of its legs.';
COMMENT ON COLUMN opportunities.best_carry IS 'Days, rate, dividends and borrow fee it was computed with, and where they came from.';
COMMENT ON COLUMN opportunities.course_us IS 'Changes of edge or size: microseconds after opened_ts. Of many, every second one is left out.';
COMMENT ON COLUMN opportunities.course_edges IS 'Edge per share after fees at those moments.';
COMMENT ON COLUMN opportunities.course_sizes IS 'Packages at those moments.';
COMMENT ON COLUMN opportunities.settings IS 'Of the detector that found it: its thresholds.';

CREATE TABLE opportunity_legs (
  opportunity_id text NOT NULL REFERENCES opportunities ON DELETE CASCADE,
  moment text NOT NULL CHECK (moment IN ('opened', 'best')),
  leg smallint NOT NULL,
  side text NOT NULL CHECK (side IN ('buy', 'sell')),
  ratio float8 NOT NULL,
  contract_key text NOT NULL,
  kind text NOT NULL,
  symbol text NOT NULL,
  trading_class text,
  expiry date,
  strike float8,
  "right" char(1),
  multiplier float8,
  price float8 NOT NULL,
  size float8 NOT NULL,
  age_ms float8 NOT NULL,
  fee numeric NOT NULL,
  PRIMARY KEY (opportunity_id, moment, leg)
);
COMMENT ON TABLE opportunity_legs IS 'The trades of an opportunity, as they stood at its opening and when its profit was highest.';
COMMENT ON COLUMN opportunity_legs.leg IS 'From 0.';
COMMENT ON COLUMN opportunity_legs.ratio IS 'Contracts per package; of the underlying, multiples of the options'' multiplier.';
COMMENT ON COLUMN opportunity_legs.contract_key IS 'As in instruments. The contract''s columns stand here too: a detector may be ahead of what is written.';
COMMENT ON COLUMN opportunity_legs.price IS 'The ask for a buy, the bid for a sale.';
COMMENT ON COLUMN opportunity_legs.size IS 'Contracts, or shares of the underlying, that stood at that price.';
COMMENT ON COLUMN opportunity_legs.age_ms IS 'Since the last change of its quote.';
COMMENT ON COLUMN opportunity_legs.fee IS 'Commission of its order at the size of that moment.';

CREATE TABLE implied_carry (
  session_id bigint NOT NULL,
  ts timestamptz NOT NULL,
  symbol text NOT NULL,
  currency text NOT NULL,
  trading_class text NOT NULL,
  multiplier float8 NOT NULL,
  expiry date NOT NULL,
  days float8 NOT NULL,
  pairs integer NOT NULL,
  forward_bid float8 NOT NULL,
  forward_ask float8 NOT NULL,
  forward float8 NOT NULL,
  spot float8,
  carry_rate float8,
  implied_rate float8,
  rate float8,
  income float8,
  income_rate float8,
  PRIMARY KEY (session_id, symbol, currency, trading_class, multiplier, expiry, ts)
);
CREATE INDEX implied_carry_ts ON implied_carry (ts);
COMMENT ON TABLE implied_carry IS 'What put-call parity says of each option chain, once a minute of the tape while it is quoted. Derived, as opportunities are. Rates are annual fractions, continuously compounded, ACT/365.';
COMMENT ON COLUMN implied_carry.symbol IS 'Of the underlying.';
COMMENT ON COLUMN implied_carry.days IS 'Calendar days to expiry.';
COMMENT ON COLUMN implied_carry.pairs IS 'Calls and puts of one strike, both quoted on both sides, that it rests on: those nearest to the money.';
COMMENT ON COLUMN implied_carry.forward_bid IS 'The most at which the underlying can be sold for delivery at expiry, per share, by a pair.';
COMMENT ON COLUMN implied_carry.forward_ask IS 'The least at which it can be bought; below forward_bid: pairs that contradict each other.';
COMMENT ON COLUMN implied_carry.forward IS 'The middle of the two.';
COMMENT ON COLUMN implied_carry.spot IS 'Middle of the underlying; of an index its latest value. Null: not known.';
COMMENT ON COLUMN implied_carry.carry_rate IS 'ln(forward / spot) by the year: the rate less dividends and borrow fee.';
COMMENT ON COLUMN implied_carry.implied_rate IS 'The rate that the pairs agree with best. Null: too few pairs, or the last day.';
COMMENT ON COLUMN implied_carry.rate IS 'What was known as the rate, or else implied_rate.';
COMMENT ON COLUMN implied_carry.income IS 'Present value per share of what the underlying pays and of what borrowing it costs until expiry, with that rate.';
COMMENT ON COLUMN implied_carry.income_rate IS 'The same by the year, as a fraction of the spot.';

CREATE VIEW arbitrage_opportunities AS
SELECT o.opportunity_id, o.session_id, o.opened_ts, o.closed_ts, o.closed_ts - o.opened_ts AS duration, o.ending, o.detector AS strategy,
  o.best_certainty AS certainty, o.symbol, o.currency, o.expiry, o.last_expiry, o.best_size AS size, o.best_edge_per_share AS edge_per_share,
  o.best_edge_per_contract AS edge_per_contract, o.best_profit AS profit, o.best_fees AS fees, o.best_capital AS capital,
  o.best_annual_return AS annual_return, o.best_worst_case AS worst_case, l.legs
FROM opportunities o CROSS JOIN LATERAL (
  SELECT string_agg(concat_ws(' ', side, ratio, CASE WHEN kind = 'option' THEN concat_ws(' ', symbol, expiry, strike, "right") ELSE symbol END,
    'at', price), '; ' ORDER BY leg) AS legs
  FROM opportunity_legs WHERE opportunity_id = o.opportunity_id AND moment = 'best') l
WHERE o.ending <> 'within-gap';
COMMENT ON VIEW arbitrage_opportunities IS 'Opportunities when their profit was highest, one a row, for people and for scripts of older systems; without those that opened within a gap.';
COMMENT ON COLUMN arbitrage_opportunities.strategy IS 'The detector that found it.';
COMMENT ON COLUMN arbitrage_opportunities.profit IS 'Of size packages, after fees, in currency.';
COMMENT ON COLUMN arbitrage_opportunities.legs IS 'Its trades per package, with their prices.';

-- down

DROP VIEW arbitrage_opportunities;
DROP TABLE implied_carry, opportunity_legs, opportunities;
