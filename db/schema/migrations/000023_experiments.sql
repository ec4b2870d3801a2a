-- Experiments: many runs by one plan. A trial is known by a key before it runs, so that it is stored once whoever runs it.

CREATE TABLE experiments (
  name text PRIMARY KEY CHECK (name <> ''),
  kind text NOT NULL CHECK (kind <> ''),
  plan jsonb NOT NULL CHECK (jsonb_typeof(plan) = 'object'),
  strategy text NOT NULL,
  strategy_version text NOT NULL,
  dataset text NOT NULL,
  dataset_hash text NOT NULL,
  code_version text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE experiments IS 'What experiments are to do. Their trials are the runs with their name.';
COMMENT ON COLUMN experiments.name IS 'As runs.experiment.';
COMMENT ON COLUMN experiments.kind IS 'As grid, random, walk-forward.';
COMMENT ON COLUMN experiments.plan IS 'All that decides its trials, beside strategy and dataset.';
COMMENT ON COLUMN experiments.strategy IS 'As the strategy calls itself.';
COMMENT ON COLUMN experiments.strategy_version IS 'As the strategy gives it.';
COMMENT ON COLUMN experiments.dataset IS 'Name of the dataset, or path of the tape, that it reads.';
COMMENT ON COLUMN experiments.dataset_hash IS 'SHA-256 of its content.';
COMMENT ON COLUMN experiments.code_version IS 'Of the program that began it.';
COMMENT ON COLUMN experiments.created_at IS 'By the server''s clock.';

ALTER TABLE runs ADD COLUMN trial_key text CHECK (trial_key <> ''), ADD COLUMN is_whole boolean NOT NULL DEFAULT true;
CREATE UNIQUE INDEX runs_trial ON runs (experiment, trial_key);
COMMENT ON COLUMN runs.trial_key IS 'SHA-256 of strategy, dataset, config, params, phase and fold: within an experiment, a trial is stored once. Null: of no experiment.';
COMMENT ON COLUMN runs.is_whole IS 'False: figures and days alone, as of most trials; orders, fills, equity and events were not kept.';

-- down

DROP INDEX runs_trial;
ALTER TABLE runs DROP COLUMN trial_key, DROP COLUMN is_whole;
DROP TABLE experiments;
