/** Experiments in the database: their plans, and their trials as runs. */

import PQueue from 'p-queue'
import type pg from 'pg'

import { jsonbText, parseJsonb, storableText } from '../../db/jsonb.ts'
import { ConfigError } from '../../market/errors.ts'
import type { OpenExperiment } from '../experiments/open-experiment.ts'
import { type ExperimentPlan, readPlan } from '../experiments/plan.ts'
import type { TrialStore } from '../experiments/run-experiment.ts'
import type { Trial, TrialOutcome } from '../experiments/trial.ts'
import type { TrialReport } from '../experiments/trial-worker.ts'
import { figuresOf } from './read-runs.ts'
import { sortedJson } from './run-key.ts'
import { storeRun } from './store-run.ts'

type Client = pg.ClientBase

export interface StoredExperiment {
  plan: ExperimentPlan
  strategy: { name: string; version: string }
  dataset: string
  datasetHash: string
  codeVersion: string
  /** ISO 8601, UTC. */
  createdAt: string
  /** Trials that are stored, failed ones among them. */
  done: number
  failed: number
}

/** The latest first; one alone where a name is given. */
export async function listExperiments(client: Client, name?: string): Promise<StoredExperiment[]> {
  const { rows } = await client.query<Omit<StoredExperiment, 'plan' | 'strategy'> & { plan: string; strategy: string; version: string }>(
    `SELECT e.plan::text AS plan, e.strategy, e.strategy_version AS version, e.dataset, e.dataset_hash AS "datasetHash",
       e.code_version AS "codeVersion", to_char(e.created_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "createdAt",
       count(r.run_id)::int AS done, count(r.run_id) FILTER (WHERE r.status = 'failed')::int AS failed
     FROM experiments e LEFT JOIN runs r ON r.experiment = e.name AND r.trial_key IS NOT NULL
     WHERE $1::text IS NULL OR e.name = $1 GROUP BY e.name ORDER BY e.created_at DESC, e.name`,
    [name ?? null],
  )
  return rows.map(({ plan, strategy, version, ...row }) => ({
    ...row,
    plan: readPlan(parseJsonb(plan)),
    strategy: { name: strategy, version },
  }))
}

/** @throws ConfigError `experiment-unknown` naming those there are */
export async function readExperiment(client: Client, name: string): Promise<StoredExperiment> {
  const [found] = await listExperiments(client, name)
  if (found) return found
  const { rows } = await client.query<{ name: string }>('SELECT name FROM experiments ORDER BY created_at DESC LIMIT 10')
  const known = rows.map((row) => row.name).join(', ')
  throw new ConfigError(
    `There is no experiment ${JSON.stringify(name)}. ${known === '' ? 'There is none yet: `tapedeck experiment grid` makes one.' : `There are: ${known}.`}`,
    { code: 'experiment-unknown' },
  )
}

/**
 * Stores what an experiment is to do, or finds that it is the one of its name.
 *
 * @throws ConfigError `experiment-exists` naming what differs, `experiment-strategy` where that is the file of the strategy alone
 */
export async function beginExperiment(client: Client, { plan, subject, input, codeVersion }: OpenExperiment): Promise<void> {
  const { name, version } = subject.strategy
  const { dataset } = input
  await client.query(
    `INSERT INTO experiments (name, kind, plan, strategy, strategy_version, dataset, dataset_hash, code_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    [
      plan.name,
      plan.kind,
      jsonbText(plan),
      storableText(name),
      storableText(version),
      storableText(dataset.name),
      dataset.hash,
      codeVersion,
    ],
  )
  const stored = await readExperiment(client, plan.name)
  const was = comparable(stored.plan, stored.strategy, stored.datasetHash)
  const asked = comparable(plan, subject.strategy, dataset.hash)
  const differing = [...new Set([...Object.keys(asked), ...Object.keys(was)])].filter((part) => asked[part] !== was[part])
  if (differing.length === 1 && differing[0] === 'strategyHash') throw changedStrategy(plan.name, name, version)
  if (differing.length > 0)
    throw new ConfigError(
      `Experiment ${plan.name} is there already, and differs: ` +
        `${differing.map((part) => `${part} is ${shortened(was[part])}, not ${shortened(asked[part])}`).join('; ')}. ` +
        'Give the new one another name, or remove the old one with `tapedeck experiment rm`.',
      { code: 'experiment-exists' },
    )
}

function changedStrategy(experiment: string, strategy: string, version: string): ConfigError {
  return new ConfigError(
    `The file of strategy ${strategy}, version ${version}, or one that it imports, has changed since experiment ${experiment} began: its stored trials are of another ` +
      'strategy. Bring the old file back, begin an experiment of another name, or remove this one with `tapedeck experiment rm`.',
    { code: 'experiment-strategy' },
  )
}

/** Where files lie on this machine is no part of a plan: the hash says what is in them. */
function comparable(plan: ExperimentPlan, strategy: StoredExperiment['strategy'], datasetHash: string): Record<string, string> {
  const { name: _name, cwd: _cwd, input: _input, settings, ...rest } = plan
  const parts = { ...rest, ...settings, strategy: `${strategy.name} ${strategy.version}`, dataset: datasetHash }
  // As it comes back: an infinite number is text then.
  const stored = parseJsonb(jsonbText(parts)) as Record<string, unknown>
  return Object.fromEntries(Object.entries(stored).map(([part, value]) => [part, sortedJson(value)]))
}

const shortened = (text = 'absent') => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

interface OutcomeRow extends Omit<TrialOutcome, 'figures' | 'error'> {
  key: string
  error: string | null
  metrics: string
}

/** What is stored of the trials of an experiment, by their keys: of all, of one, or of those of runs behind one. */
export async function readOutcomes(
  client: Client,
  name: string,
  { key, afterRun }: { key?: string; afterRun?: number } = {},
): Promise<Map<string, TrialOutcome>> {
  const { rows } = await client.query<OutcomeRow>(
    `SELECT trial_key AS key, run_id::float8 AS "runId", status, error, metrics::text AS metrics, result_hash AS "resultHash", duration_ms AS "durationMs"
     FROM runs WHERE experiment = $1 AND trial_key IS NOT NULL AND ($2::text IS NULL OR trial_key = $2) AND run_id > $3`,
    [name, key ?? null, afterRun ?? 0],
  )
  return new Map(
    rows.map(({ key: found, metrics, error, ...row }) => [
      found,
      { ...row, ...(error !== null && { error }), figures: figuresOf(metrics) },
    ]),
  )
}

/** Stores a trial, unless one of its key is there. Returns what is stored. */
export async function storeTrial(
  client: Client,
  experiment: string,
  { phase, fold }: Trial,
  { key: trialKey, report }: { key: string; report: TrialReport },
): Promise<TrialOutcome> {
  const { result, summary, isWhole } = report
  await storeRun(client, result, summary, { experiment, phase, fold, trialKey, isWhole })
  const outcome = (await readOutcomes(client, experiment, { key: trialKey })).get(trialKey)
  if (!outcome) throw new Error(`expected a run of trial ${trialKey}`)
  return outcome
}

export function trialStore(client: Client, experiment: string): TrialStore {
  return new StoredTrials(client, experiment)
}

class StoredTrials implements TrialStore {
  readonly #client: Client
  readonly #experiment: string
  /** One after the other: they share a connection, which has one transaction at a time. */
  readonly #writes = new PQueue({ concurrency: 1 })
  readonly #outcomes = new Map<string, TrialOutcome>()
  #lastRun = 0

  constructor(client: Client, experiment: string) {
    this.#client = client
    this.#experiment = experiment
  }

  /** Reads what is new. A run may be stored behind one with a later number, or be deleted: where the number of trials differs, all are read. */
  async outcomes(): Promise<ReadonlyMap<string, TrialOutcome>> {
    this.#keep(await readOutcomes(this.#client, this.#experiment, { afterRun: this.#lastRun }))
    const { rows } = await this.#client.query<{ stored: number }>(
      'SELECT count(*)::int AS stored FROM runs WHERE experiment = $1 AND trial_key IS NOT NULL',
      [this.#experiment],
    )
    if (rows[0]?.stored !== this.#outcomes.size) {
      this.#outcomes.clear()
      this.#keep(await readOutcomes(this.#client, this.#experiment))
    }
    return this.#outcomes
  }

  store(trial: Trial, key: string, report: TrialReport): Promise<TrialOutcome> {
    return this.#writes.add(() => storeTrial(this.#client, this.#experiment, trial, { key, report }))
  }

  #keep(found: ReadonlyMap<string, TrialOutcome>): void {
    for (const [key, outcome] of found) {
      this.#outcomes.set(key, outcome)
      this.#lastRun = Math.max(this.#lastRun, outcome.runId)
    }
  }
}

/** Deletes an experiment with its runs. Returns how many they were. */
export async function deleteExperiment(client: Client, name: string): Promise<number> {
  const { rowCount } = await client.query('DELETE FROM runs WHERE experiment = $1', [name])
  await client.query('DELETE FROM experiments WHERE name = $1', [name])
  return rowCount ?? 0
}
