/**
 * Trials that wait for a machine, as jobs of pg-boss in the database, in a schema of its own: a queue for each experiment.
 *
 *   waiting -> taken by a machine -> done, when what came of it is stored
 *   taken -> waiting, when its machine gave no sign of life for the time of a lease
 *
 * A job of pg-boss expires so long after its start, and is retried. A machine at work starts its trials anew from time to time, so that long ones do
 * not expire while it lives. Should two machines work at one trial, as when one was suspended, the second outcome is refused by the table of runs.
 */

import type pg from 'pg'
import PgBoss from 'pg-boss'

import { ConfigError, TapedeckError } from '../../market/errors.ts'
import type { Trial } from './trial.ts'

const JOBS_SCHEMA = 'tapedeck_jobs'
/** Without a sign of life for so long, a machine is taken for dead; looked at every `SWEEP_S`. */
const LEASE_S = 20
const SWEEP_S = 5
export const RENEWAL_MS = 5000
/** A trial that ended so many machines is not given to another one. */
const RETRIES = 3
/** Of one INSERT. */
const MOST_JOBS = 1000

export interface QueuedTrial {
  trial: Trial
  key: string
}

export interface TakenTrial extends QueuedTrial {
  id: string
}

type Client = pg.ClientBase

export class TrialQueue {
  readonly #client: Client
  readonly #boss: PgBoss

  private constructor(client: Client, boss: PgBoss) {
    this.#client = client
    this.#boss = boss
  }

  /**
   * @param client for the queue alone
   * @param mode `own` makes what is missing in the database, which only the owner of the tables may
   * @throws ConfigError `experiment-role` where the login may not, `experiment-queue` where nothing was ever queued
   */
  static async open(client: Client, mode: 'own' | 'work', onError: (error: unknown) => void): Promise<TrialQueue> {
    if (mode === 'work') await refuseReaders(client)
    const db = { executeSql: async (text: string, values?: unknown[]) => client.query(text, values) }
    const boss = new PgBoss({ db, schema: JOBS_SCHEMA, schedule: false, migrate: mode === 'own', maintenanceIntervalSeconds: SWEEP_S })
    boss.on('error', onError)
    await asOwner(() => boss.start())
    return new TrialQueue(client, boss)
  }

  /** Experiments with a queue, the oldest first. */
  async experiments(): Promise<string[]> {
    const queues = await this.#boss.getQueues()
    return queues.toSorted((one, other) => one.createdOn.getTime() - other.createdOn.getTime()).map(({ name }) => name)
  }

  /** Those that have a trial which no machine is at, the oldest first. */
  async waiting(): Promise<string[]> {
    const { rows } = await this.#client.query<{ name: string }>(
      `SELECT q.name FROM ${JOBS_SCHEMA}.queue q
       WHERE EXISTS (SELECT FROM ${JOBS_SCHEMA}.job j WHERE j.name = q.name AND j.state < 'active') ORDER BY q.created_on, q.name`,
    )
    return rows.map(({ name }) => name)
  }

  async begin(experiment: string): Promise<void> {
    await asOwner(() => this.#boss.createQueue(experiment, { name: experiment, retryLimit: RETRIES, expireInSeconds: LEASE_S }))
  }

  /** Those that wait or are taken already stay as they are. */
  async add(experiment: string, trials: readonly QueuedTrial[]): Promise<void> {
    for (let at = 0; at < trials.length; at += MOST_JOBS) {
      const some = trials.slice(at, at + MOST_JOBS)
      // What has ended, and left no run, is to be tried again.
      await this.#client.query(`DELETE FROM ${JOBS_SCHEMA}.job WHERE name = $1 AND id = ANY ($2::uuid[]) AND state > 'active'`, [
        experiment,
        some.map(({ key }) => idOf(key)),
      ])
      await this.#boss.insert(some.map((data) => ({ id: idOf(data.key), name: experiment, data })))
    }
  }

  /** Undefined when none waits. */
  async take(experiment: string): Promise<TakenTrial | undefined> {
    const [job] = await this.#boss.fetch<QueuedTrial>(experiment)
    return job && { ...job.data, id: job.id }
  }

  /** Says that those are being worked at. */
  async renew(experiment: string, ids: readonly string[]): Promise<void> {
    await this.#client.query(
      `UPDATE ${JOBS_SCHEMA}.job SET started_on = now() WHERE name = $1 AND id = ANY ($2::uuid[]) AND state = 'active'`,
      [experiment, ids],
    )
  }

  /** What came of it is stored. */
  async done(experiment: string, id: string): Promise<void> {
    await this.#boss.complete(experiment, id)
  }

  /** Gives them back, for another machine to take. That counts as no end of a machine: pg-boss counts a job that was started before. */
  async giveBack(experiment: string, ids: readonly string[]): Promise<void> {
    await this.#client.query(
      `UPDATE ${JOBS_SCHEMA}.job SET state = 'created', started_on = NULL WHERE name = $1 AND id = ANY ($2::uuid[]) AND state = 'active'`,
      [experiment, ids],
    )
  }

  /** Trials that machines are working at, and the keys of those that ended each machine that took them. */
  async look(experiment: string): Promise<{ taken: number; lost: string[] }> {
    const { rows } = await this.#client.query<{ state: string; key: string }>(
      `SELECT state::text, data->>'key' AS key FROM ${JOBS_SCHEMA}.job WHERE name = $1 AND state IN ('active', 'failed')`,
      [experiment],
    )
    const lost = rows.filter(({ state }) => state === 'failed').map(({ key }) => key)
    return { taken: rows.length - lost.length, lost }
  }

  async remove(experiment: string): Promise<void> {
    await removeQueue(this.#client, experiment)
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: false })
  }
}

/**
 * Removes the queue of an experiment with what is in it, where there is one: machines that work at it leave it then.
 *
 * @throws ConfigError `experiment-role` where the database refuses
 */
export async function removeQueue(client: Client, experiment: string): Promise<void> {
  // Who may not look into it has queued nothing.
  const { rows } = await client.query(`SELECT FROM pg_namespace WHERE nspname = '${JOBS_SCHEMA}' AND has_schema_privilege(oid, 'USAGE')`)
  if (rows.length === 0) return
  await asOwner(async () => {
    // A queue that has jobs is not deleted.
    await client.query(`DELETE FROM ${JOBS_SCHEMA}.job WHERE name = $1`, [experiment])
    await client.query(`SELECT ${JOBS_SCHEMA}.delete_queue(name) FROM ${JOBS_SCHEMA}.queue WHERE name = $1`, [experiment])
  })
}

/** @throws ConfigError `experiment-role` where the database refuses */
async function asOwner(make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== '42501') throw cause
    throw new ConfigError(
      'Only the owner of the tables makes and removes queues of experiments: use its login. `experiment work` runs as a writer too.',
      { code: 'experiment-role', cause },
    )
  }
}

async function refuseReaders(client: Client): Promise<void> {
  const { rows } = await client.query<{ exists: boolean; may: boolean; login: string }>(
    `SELECT t.job IS NOT NULL AS exists, current_user AS login,
       t.job IS NOT NULL AND has_schema_privilege('${JOBS_SCHEMA}', 'USAGE') AND has_table_privilege(t.job, 'UPDATE')
         AND has_table_privilege('runs', 'INSERT') AS may
     FROM (SELECT (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = '${JOBS_SCHEMA}' AND c.relname = 'job') AS job) AS t`,
  )
  const [row] = rows
  if (!row?.exists)
    throw new ConfigError('No experiment was ever queued in this database. Begin one: `tapedeck experiment grid NAME … --queue`.', {
      code: 'experiment-queue',
    })
  if (!row.may)
    throw new ConfigError(
      `${row.login} may not take trials: expected the owner of the tables, or a writer. Use a login of those; \`tapedeck db roles\` gives a writer what it needs.`,
      { code: 'experiment-role' },
    )
}

/** A key is known before its trial has run: queued twice, it is one job. */
function idOf(key: string): string {
  const [, a, b, c, d, e] = /^(.{8})(.{4})(.{4})(.{4})(.{12})/.exec(key) ?? []
  if (e === undefined) throw new TapedeckError(`expected the key of a trial, found ${key}`, { code: 'experiment-queue' })
  return [a, b, c, d, e].join('-')
}
