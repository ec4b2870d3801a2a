-- What strategies did: each run with all that makes it repeatable, what came of it, and views that compare runs.

CREATE TYPE run_mode AS ENUM ('backtest', 'paper', 'live');
COMMENT ON TYPE run_mode IS 'backtest: on a dataset. paper: on live data without orders at a broker. live: with them.';
CREATE TYPE artifact_kind AS ENUM ('report', 'data', 'log', 'source');
COMMENT ON TYPE artifact_kind IS 'report: for people. data: for programs. log: what the strategy wrote. source: the strategy''s file.';

CREATE TABLE datasets (
  dataset_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hash text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('dataset', 'tape')),
  name text NOT NULL,
  from_ts timestamptz NOT NULL,
  to_ts timestamptz NOT NULL,
  symbols text[] NOT NULL,
  bar_seconds integer CHECK (bar_seconds > 0),
  details jsonb NOT NULL CHECK (jsonb_typeof(details) = 'object'),
  added_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (hash, name),
  CHECK (from_ts <= to_ts)
);
CREATE INDEX datasets_details ON datasets USING gin (details jsonb_path_ops);
COMMENT ON TABLE datasets IS 'What runs were given to read.';
COMMENT ON COLUMN datasets.dataset_id IS 'In this database; the hash is the same in every one.';
COMMENT ON COLUMN datasets.hash IS 'SHA-256 of the content, instruments, gaps and corrections: equal hash, equal records.';
COMMENT ON COLUMN datasets.kind IS 'dataset, or a tape file.';
COMMENT ON COLUMN datasets.name IS 'Of a dataset its name, of a tape its path.';
COMMENT ON COLUMN datasets.from_ts IS 'First moment of its range.';
COMMENT ON COLUMN datasets.to_ts IS 'First moment behind its range.';
COMMENT ON COLUMN datasets.symbols IS 'Tickers of stocks and indices, and of what options are written on.';
COMMENT ON COLUMN datasets.bar_seconds IS 'Length of its bars. Null: ticks alone.';
COMMENT ON COLUMN datasets.details IS 'Its gaps, and what a reader of a result has to know of the data.';
COMMENT ON COLUMN datasets.added_at IS 'Of the first run on it, by the server''s clock.';

CREATE TABLE strategies (
  strategy_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CHECK (name <> ''),
  version text NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (name, version)
);
COMMENT ON TABLE strategies IS 'Strategies that have run, a row for each version.';
COMMENT ON COLUMN strategies.strategy_id IS 'In this database.';
COMMENT ON COLUMN strategies.name IS 'As the strategy calls itself.';
COMMENT ON COLUMN strategies.version IS 'As the strategy gives it: another one when its behaviour changes.';
COMMENT ON COLUMN strategies.added_at IS 'Of its first run, by the server''s clock.';

CREATE TABLE runs (
  run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mode run_mode NOT NULL,
  status text NOT NULL CHECK (status IN ('complete', 'failed')),
  error_code text,
  error text,
  strategy_id bigint NOT NULL REFERENCES strategies,
  strategy_source text NOT NULL,
  dataset_id bigint REFERENCES datasets,
  run_key text NOT NULL UNIQUE,
  result_hash text NOT NULL,
  code_version text NOT NULL,
  config jsonb NOT NULL CHECK (jsonb_typeof(config) = 'object'),
  params jsonb NOT NULL CHECK (jsonb_typeof(params) = 'object'),
  seeds jsonb NOT NULL CHECK (jsonb_typeof(seeds) = 'object'),
  experiment text CHECK (experiment <> ''),
  phase text NOT NULL DEFAULT 'single' CHECK (phase <> ''),
  fold integer CHECK (fold >= 0),
  currency text NOT NULL,
  start_cash numeric NOT NULL CHECK (start_cash <> 'NaN'),
  end_equity numeric CHECK (end_equity <> 'NaN'),
  first_ts timestamptz,
  last_ts timestamptz,
  started_at timestamptz NOT NULL,
  duration_ms float8 NOT NULL CHECK (duration_ms >= 0),
  stored_at timestamptz NOT NULL DEFAULT now(),
  ticks bigint NOT NULL CHECK (ticks >= 0),
  bars bigint NOT NULL CHECK (bars >= 0),
  costs jsonb NOT NULL CHECK (jsonb_typeof(costs) = 'object'),
  income jsonb NOT NULL CHECK (jsonb_typeof(income) = 'object'),
  metrics jsonb NOT NULL CHECK (jsonb_typeof(metrics) = 'object'),
  instruments jsonb NOT NULL CHECK (jsonb_typeof(instruments) = 'array'),
  CHECK (status = 'failed' OR dataset_id IS NOT NULL OR mode <> 'backtest'),
  CHECK ((status = 'failed') = (error IS NOT NULL)),
  CHECK (first_ts <= last_ts)
);
CREATE INDEX runs_strategy ON runs (strategy_id, started_at);
CREATE INDEX runs_dataset ON runs (dataset_id);
CREATE INDEX runs_started ON runs (started_at);
CREATE INDEX runs_experiment ON runs (experiment, fold) WHERE experiment IS NOT NULL;
CREATE INDEX runs_config ON runs USING gin (config jsonb_path_ops);
CREATE INDEX runs_params ON runs USING gin (params jsonb_path_ops);
CREATE INDEX runs_metrics ON runs USING gin (metrics jsonb_path_ops);
COMMENT ON TABLE runs IS 'One run of a strategy each, with all that is needed to repeat it. What belongs to a run goes with it when it is deleted.';
COMMENT ON COLUMN runs.run_id IS 'In this database.';
COMMENT ON COLUMN runs.mode IS 'On recorded data, on live data without a broker''s orders, or with them.';
COMMENT ON COLUMN runs.status IS 'complete, or failed: it ended before its data did. What it did until then is there.';
COMMENT ON COLUMN runs.error_code IS 'What kind of failure it was. Null: it did not fail.';
COMMENT ON COLUMN runs.error IS 'Why it failed. Null: it did not.';
COMMENT ON COLUMN runs.strategy_id IS 'Name and version of the strategy, in strategies.';
COMMENT ON COLUMN runs.strategy_source IS 'shipped, or the path of the user''s file.';
COMMENT ON COLUMN runs.dataset_id IS 'What it read, in datasets. Null: live data, or it failed before.';
COMMENT ON COLUMN runs.run_key IS 'SHA-256 of strategy, dataset, config, params, experiment and result, or error: the same run is stored once.';
COMMENT ON COLUMN runs.result_hash IS 'SHA-256 of orders, fills and equity at 12 significant digits.';
COMMENT ON COLUMN runs.code_version IS 'Of the program.';
COMMENT ON COLUMN runs.config IS 'Cash, currency, and the models with their settings.';
COMMENT ON COLUMN runs.params IS 'Of the strategy, defaults included.';
COMMENT ON COLUMN runs.seeds IS 'Of all that was drawn at random, by name.';
COMMENT ON COLUMN runs.experiment IS 'The experiment that it is part of. Null: of none.';
COMMENT ON COLUMN runs.phase IS 'What it was for: single, or of an experiment train, test, holdout and the like.';
COMMENT ON COLUMN runs.fold IS 'Of a walk-forward: its number, the same for training and test. Null: it has none.';
COMMENT ON COLUMN runs.currency IS 'Of all money of the run.';
COMMENT ON COLUMN runs.start_cash IS 'At the start.';
COMMENT ON COLUMN runs.end_equity IS 'Cash and positions at the end. Null: there was no moment of it.';
COMMENT ON COLUMN runs.first_ts IS 'First moment of its equity, by the tape. Null: there was none.';
COMMENT ON COLUMN runs.last_ts IS 'Last moment of its equity.';
COMMENT ON COLUMN runs.started_at IS 'When it ran, by the clock of the machine.';
COMMENT ON COLUMN runs.duration_ms IS 'How long it took.';
COMMENT ON COLUMN runs.stored_at IS 'When it was stored, by the server''s clock.';
COMMENT ON COLUMN runs.ticks IS 'That it was given to read.';
COMMENT ON COLUMN runs.bars IS 'That it was given to read.';
COMMENT ON COLUMN runs.costs IS 'Money that went out for good, by kind.';
COMMENT ON COLUMN runs.income IS 'Money that came in beside trades, by kind.';
COMMENT ON COLUMN runs.metrics IS 'Figures by name, as docs/metrics.md defines them; null is not defined. Fractions, not percent.';
COMMENT ON COLUMN runs.instruments IS 'Numbers and contracts of what was ordered or traded.';

CREATE TABLE artifacts (
  run_id bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
  kind artifact_kind NOT NULL,
  name text NOT NULL CHECK (name <> ''),
  media_type text NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (run_id, kind, name)
);
COMMENT ON TABLE artifacts IS 'Files that a run left.';
COMMENT ON COLUMN artifacts.run_id IS 'The run that left it.';
COMMENT ON COLUMN artifacts.kind IS 'What it is for.';
COMMENT ON COLUMN artifacts.name IS 'Of the file.';
COMMENT ON COLUMN artifacts.media_type IS 'As text/html.';
COMMENT ON COLUMN artifacts.content IS 'The file itself.';

CREATE TABLE events (
  run_id bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
  event_no integer NOT NULL,
  ts timestamptz NOT NULL,
  kind text NOT NULL CHECK (kind <> ''),
  message text NOT NULL,
  instrument_no bigint,
  details jsonb,
  PRIMARY KEY (run_id, event_no)
);
COMMENT ON TABLE events IS 'What happened in a run beside orders and fills: lines of its log, expiries, dividends, splits.';
COMMENT ON COLUMN events.run_id IS 'The run.';
COMMENT ON COLUMN events.event_no IS 'In the order in which they happened, from 1.';
COMMENT ON COLUMN events.ts IS 'By the tape.';
COMMENT ON COLUMN events.kind IS 'As log, expiry, dividend, split.';
COMMENT ON COLUMN events.message IS 'For people.';
COMMENT ON COLUMN events.instrument_no IS 'Number of the instrument within the run, as in runs.instruments. Null: it is of none.';
COMMENT ON COLUMN events.details IS 'For programs. Null: the message says all.';

CREATE TABLE orders (
  run_id bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
  order_id bigint NOT NULL,
  given_ts timestamptz NOT NULL,
  instrument_no bigint,
  contract_key text,
  side text CHECK (side IN ('buy', 'sell')),
  type text,
  quantity numeric,
  filled numeric NOT NULL CHECK (filled >= 0),
  status text NOT NULL,
  reason text,
  request jsonb NOT NULL,
  PRIMARY KEY (run_id, order_id)
);
COMMENT ON TABLE orders IS 'Orders that the strategy of a run gave, as they stood at its end.';
COMMENT ON COLUMN orders.run_id IS 'The run.';
COMMENT ON COLUMN orders.order_id IS 'From 1, in the order in which they were given.';
COMMENT ON COLUMN orders.given_ts IS 'By the tape.';
COMMENT ON COLUMN orders.instrument_no IS 'Number of the instrument within the run, as in runs.instruments.';
COMMENT ON COLUMN orders.contract_key IS 'As in instruments. Null: not known.';
COMMENT ON COLUMN orders.side IS 'buy or sell. Null here, or in quantity and instrument: what was asked for is none, and the order was rejected.';
COMMENT ON COLUMN orders.type IS 'market, limit, stop, stop-limit, trailing-stop, on-open, on-close.';
COMMENT ON COLUMN orders.quantity IS 'Units that it was for.';
COMMENT ON COLUMN orders.filled IS 'Units that were traded.';
COMMENT ON COLUMN orders.status IS 'filled, cancelled, expired, rejected, or that of an order which was open at the end.';
COMMENT ON COLUMN orders.reason IS 'Why it was cancelled, expired or rejected. Null: it was not.';
COMMENT ON COLUMN orders.request IS 'The whole order as it was given.';

CREATE TABLE fills (
  run_id bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
  fill_no integer NOT NULL,
  order_id bigint NOT NULL,
  ts timestamptz NOT NULL,
  instrument_no bigint NOT NULL,
  contract_key text,
  side text NOT NULL CHECK (side IN ('buy', 'sell')),
  quantity numeric NOT NULL CHECK (quantity > 0),
  price numeric NOT NULL CHECK (price <> 'NaN'),
  multiplier numeric NOT NULL CHECK (multiplier > 0),
  commission numeric NOT NULL,
  realised numeric NOT NULL,
  is_taker boolean NOT NULL,
  PRIMARY KEY (run_id, fill_no),
  FOREIGN KEY (run_id, order_id) REFERENCES orders ON DELETE CASCADE
);
COMMENT ON TABLE fills IS 'What was traded in a run, in order.';
COMMENT ON COLUMN fills.run_id IS 'The run.';
COMMENT ON COLUMN fills.fill_no IS 'From 1, in the order in which they happened.';
COMMENT ON COLUMN fills.order_id IS 'The order that it belongs to.';
COMMENT ON COLUMN fills.ts IS 'By the tape.';
COMMENT ON COLUMN fills.instrument_no IS 'Number of the instrument within the run, as in runs.instruments.';
COMMENT ON COLUMN fills.contract_key IS 'As in instruments. Null: not known.';
COMMENT ON COLUMN fills.side IS 'buy or sell.';
COMMENT ON COLUMN fills.quantity IS 'Units traded.';
COMMENT ON COLUMN fills.price IS 'Per unit of the underlying.';
COMMENT ON COLUMN fills.multiplier IS 'Units of the underlying that one unit stands for: worth is quantity times price times multiplier.';
COMMENT ON COLUMN fills.commission IS 'Of all of it; negative: a rebate.';
COMMENT ON COLUMN fills.realised IS 'What closing brought at average cost, before the commission; 0 for what opened.';
COMMENT ON COLUMN fills.is_taker IS 'True: it took what was shown. False: it waited at its price.';

CREATE TABLE equity (
  run_id bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
  point_no integer NOT NULL,
  ts timestamptz NOT NULL,
  equity numeric NOT NULL CHECK (equity <> 'NaN'),
  cash numeric NOT NULL CHECK (cash <> 'NaN'),
  exposure numeric NOT NULL CHECK (exposure >= 0),
  PRIMARY KEY (run_id, point_no)
);
COMMENT ON TABLE equity IS 'The account of a run over time, as it was sampled.';
COMMENT ON COLUMN equity.run_id IS 'The run.';
COMMENT ON COLUMN equity.point_no IS 'From 1, in order of time.';
COMMENT ON COLUMN equity.ts IS 'By the tape.';
COMMENT ON COLUMN equity.equity IS 'Cash and positions at their marks.';
COMMENT ON COLUMN equity.cash IS 'Cash alone.';
COMMENT ON COLUMN equity.exposure IS 'Worth of all positions, short ones counted as if long.';

CREATE TABLE run_days (
  run_id bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
  session_date date NOT NULL,
  equity numeric NOT NULL CHECK (equity <> 'NaN'),
  day_return float8,
  PRIMARY KEY (run_id, session_date)
);
COMMENT ON TABLE run_days IS 'The equity of a run at the end of each trading day: the series of which ratios are made.';
COMMENT ON COLUMN run_days.run_id IS 'The run.';
COMMENT ON COLUMN run_days.session_date IS 'Date at the exchange. What happens on a day without a session counts for the next one.';
COMMENT ON COLUMN run_days.equity IS 'The last of the day.';
COMMENT ON COLUMN run_days.day_return IS 'Against the day before, or on the first day the start; a fraction. Null: not defined.';

CREATE FUNCTION calculate_sharpe_ratio(returns float8[], risk_free float8 DEFAULT 0, periods float8 DEFAULT 252) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN count(x) < 2 THEN NULL
    WHEN min(x) = max(x) THEN CASE sign(min(x)) WHEN 0 THEN NULL ELSE sign(min(x)) * 'Infinity'::float8 END
    ELSE avg(x) / stddev_samp(x) * sqrt(periods)
  END
  FROM (SELECT r - risk_free AS x FROM unnest(returns) AS r WHERE r <> 'NaN') AS excess
$$;
COMMENT ON FUNCTION calculate_sharpe_ratio(float8[], float8, float8) IS 'mean(return - risk_free) / std(ddof 1) * sqrt(periods a year). risk_free is a return each period, not an annual one. Null: not defined.';

CREATE FUNCTION calculate_sharpe_ratio(run bigint, risk_free float8 DEFAULT 0, periods float8 DEFAULT 252) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT public.calculate_sharpe_ratio(array_agg(day_return ORDER BY session_date), risk_free, periods) FROM public.run_days WHERE run_id = run
$$;
COMMENT ON FUNCTION calculate_sharpe_ratio(bigint, float8, float8) IS 'Of a stored run, from the returns of its trading days. Null: not defined.';

CREATE FUNCTION tapedeck.metric(metrics jsonb, name text) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (metrics->>name)::float8 $$;
COMMENT ON FUNCTION tapedeck.metric IS 'A figure of runs.metrics. Null: not defined.';

CREATE VIEW portfolio_performance AS
SELECT r.run_id, r.mode, r.status, s.name AS strategy, s.version, d.name AS dataset, d.hash AS dataset_hash, r.experiment, r.phase, r.fold, r.params, r.currency,
  r.first_ts, r.last_ts, r.start_cash, r.end_equity, r.end_equity - r.start_cash AS net_profit,
  tapedeck.metric(r.metrics, 'totalReturn') AS total_return, tapedeck.metric(r.metrics, 'annualReturn') AS annual_return,
  tapedeck.metric(r.metrics, 'volatility') AS volatility, tapedeck.metric(r.metrics, 'sharpe') AS sharpe, tapedeck.metric(r.metrics, 'sortino') AS sortino,
  tapedeck.metric(r.metrics, 'calmar') AS calmar, tapedeck.metric(r.metrics, 'maxDrawdown') AS max_drawdown,
  tapedeck.metric(r.metrics, 'trades') AS trades, tapedeck.metric(r.metrics, 'winRate') AS win_rate,
  tapedeck.metric(r.metrics, 'profitFactor') AS profit_factor, (r.metrics->>'costs')::numeric AS costs, r.error
FROM runs r JOIN strategies s USING (strategy_id) LEFT JOIN datasets d USING (dataset_id);
COMMENT ON VIEW portfolio_performance IS 'Runs with their main figures, one a row.';
COMMENT ON COLUMN portfolio_performance.strategy IS 'Its name; version beside it.';
COMMENT ON COLUMN portfolio_performance.dataset IS 'Its name, where it has one.';
COMMENT ON COLUMN portfolio_performance.net_profit IS 'End less start, in currency. Null: it failed.';
COMMENT ON COLUMN portfolio_performance.total_return IS 'A fraction, as all returns and the drawdown. docs/metrics.md has the definitions.';

CREATE VIEW best_configurations AS
SELECT p.phase, row_number() OVER (PARTITION BY p.phase ORDER BY p.sharpe DESC NULLS LAST, p.total_return DESC NULLS LAST, p.run_id) AS rank,
  p.run_id, p.strategy, p.version, p.params, p.dataset, p.experiment, p.fold, p.sharpe, p.total_return, p.max_drawdown, p.trades, p.net_profit, p.currency
FROM portfolio_performance p WHERE p.status = 'complete';
COMMENT ON VIEW best_configurations IS 'Complete runs of each phase, the highest Sharpe ratio first. The best of many is lucky as well as good: see walk_forward_comparison.';
COMMENT ON COLUMN best_configurations.rank IS 'Within its phase, from 1.';

CREATE VIEW walk_forward_comparison AS
SELECT train.experiment, train.fold, train.strategy, train.version, train.run_id AS train_run_id, test.run_id AS test_run_id, test.params,
  train.first_ts AS train_first_ts, train.last_ts AS train_last_ts, test.first_ts AS test_first_ts, test.last_ts AS test_last_ts,
  train.sharpe AS train_sharpe, test.sharpe AS test_sharpe, test.sharpe - train.sharpe AS sharpe_change,
  train.total_return AS train_return, test.total_return AS test_return, train.max_drawdown AS train_drawdown, test.max_drawdown AS test_drawdown
FROM portfolio_performance test JOIN portfolio_performance train
  ON train.experiment = test.experiment AND train.fold = test.fold AND train.strategy = test.strategy AND train.version = test.version AND train.params = test.params
WHERE test.phase = 'test' AND train.phase = 'train' AND test.status = 'complete' AND train.status = 'complete';
COMMENT ON VIEW walk_forward_comparison IS 'What was chosen in training beside what it did in the test behind it, a row for each fold.';
COMMENT ON COLUMN walk_forward_comparison.params IS 'Of both runs.';
COMMENT ON COLUMN walk_forward_comparison.sharpe_change IS 'Test less training: far below 0, the training was fitted to its data.';

CREATE VIEW phase_summary AS
SELECT p.experiment, p.phase, p.strategy, p.version, count(*) AS runs, count(*) FILTER (WHERE p.status = 'failed') AS failed,
  count(*) FILTER (WHERE p.net_profit > 0) AS profitable,
  avg(p.sharpe) FILTER (WHERE p.sharpe NOT IN ('Infinity', '-Infinity')) AS mean_sharpe,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY p.sharpe) AS median_sharpe, min(p.sharpe) AS worst_sharpe, max(p.sharpe) AS best_sharpe,
  avg(p.total_return) AS mean_return, min(p.total_return) AS worst_return, max(p.total_return) AS best_return, min(p.max_drawdown) AS deepest_drawdown
FROM portfolio_performance p GROUP BY p.experiment, p.phase, p.strategy, p.version;
COMMENT ON VIEW phase_summary IS 'The runs of each phase of each experiment and strategy together.';
COMMENT ON COLUMN phase_summary.runs IS 'Failed ones included.';
COMMENT ON COLUMN phase_summary.profitable IS 'Those that ended with more than they began with.';
COMMENT ON COLUMN phase_summary.mean_sharpe IS 'Without infinite ones.';

-- down

DROP VIEW phase_summary, walk_forward_comparison, best_configurations, portfolio_performance;
DROP FUNCTION tapedeck.metric, calculate_sharpe_ratio(bigint, float8, float8), calculate_sharpe_ratio(float8[], float8, float8);
DROP TABLE run_days, equity, fills, orders, events, artifacts, runs, strategies, datasets;
DROP TYPE artifact_kind, run_mode;
