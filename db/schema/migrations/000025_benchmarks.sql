-- Runs that are compared with a benchmark keep its prices.

ALTER TABLE runs ADD COLUMN benchmark jsonb CHECK (jsonb_typeof(benchmark) = 'array');
COMMENT ON COLUMN runs.benchmark IS 'Prices of the benchmark that config names, by trading day. Null: there was none, or the run failed.';

-- down

ALTER TABLE runs DROP COLUMN benchmark;
