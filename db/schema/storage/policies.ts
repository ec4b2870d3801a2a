/** Policies: what the server does by itself, from time to time. Their jobs are read from timescaledb_information.jobs. */

import { planRefresh, refreshWindow } from '../../operate/refresh-aggregates.ts'
import { intervalOf, sameInterval, secondsOf } from './interval.ts'
import type {
  CompressionPolicy,
  ObjectKind,
  Queryable,
  RefreshPolicy,
  RetentionPolicy,
  RunOptions,
  ServerFacts,
  Step,
  StorageObject,
} from './objects.ts'

interface Job {
  on: string
  every: string
  config: Readonly<Record<string, unknown>>
}

async function jobsOf(client: Queryable, procedure: string): Promise<Job[]> {
  const { rows } = await client.query<Job>(
    // Releases differ in whether an aggregate goes by its own name, or by that of the table with its rows.
    `SELECT coalesce(a.view_name, j.hypertable_name) AS on, j.schedule_interval::text AS every, j.config
     FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.continuous_aggregates a
       ON a.materialization_hypertable_schema = j.hypertable_schema AND a.materialization_hypertable_name = j.hypertable_name
     WHERE j.proc_name = $1 AND coalesce(a.view_schema, j.hypertable_schema) = 'public' ORDER BY j.job_id`,
    [procedure],
  )
  return rows
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const isAmongTables = (on: string, wished: readonly StorageObject[]) =>
  wished.some((object) => object.kind === 'hypertable' && object.table === on)

/** How often a policy looks: twice in the time that it waits for, at most twice a day. */
const scheduleOf = (after: string): string => intervalOf(Math.max(60, Math.min(43_200, Math.floor(secondsOf(after) / 2 / 60) * 60)))

export const COMPRESSION_POLICY: ObjectKind<CompressionPolicy> = {
  read: async (client) =>
    (await jobsOf(client, 'policy_compression')).map(({ on, config }) => ({
      kind: 'compression-policy',
      on,
      after: textOf(config['compress_after']),
    })),

  create: (wished, { schema }) => [{ what: `compress chunks of ${wished.on} after ${wished.after}`, sql: addCompression(wished, schema) }],

  alter: (there, wished, { schema }) =>
    sameInterval(there.after, wished.after)
      ? []
      : [
          {
            what: `compress chunks of ${wished.on} after ${wished.after} instead of ${there.after}`,
            sql: `${removeCompression(wished, schema)}; ${addCompression(wished, schema)}`,
          },
        ],

  drop: (there, { schema }) => [
    { what: `no longer compress chunks of ${there.on} after ${there.after}`, sql: removeCompression(there, schema), deliberate: true },
  ],

  dependsOn: ({ on }) => [`columnstore ${on}`],

  isOurs: ({ on }, wished) => isAmongTables(on, wished),
}

const addCompression = ({ on, after }: CompressionPolicy, schema: string) =>
  `SELECT ${schema}.add_compression_policy('public.${on}', interval '${after}', if_not_exists => true, schedule_interval => interval '${scheduleOf(after)}')`
const removeCompression = ({ on }: CompressionPolicy, schema: string) =>
  `SELECT ${schema}.remove_compression_policy('public.${on}', if_exists => true)`

export const RETENTION_POLICY: ObjectKind<RetentionPolicy> = {
  read: async (client) =>
    (await jobsOf(client, 'policy_retention')).map(({ on, config }) => ({
      kind: 'retention-policy',
      on,
      after: textOf(config['drop_after']),
    })),

  create: (wished, { schema }) => [
    { what: `drop chunks of ${wished.on} after ${wished.after}`, sql: addRetention(wished, schema), ...losing(wished) },
  ],

  alter(there, wished, { schema }) {
    if (sameInterval(there.after, wished.after)) return []
    const keepsLonger = secondsOf(wished.after) > secondsOf(there.after)
    return [
      {
        what: `drop chunks of ${wished.on} after ${wished.after} instead of ${there.after}`,
        sql: `${removeRetention(wished, schema)}; ${addRetention(wished, schema)}`,
        ...(keepsLonger ? {} : losing(wished)),
      },
    ]
  },

  drop: (there, { schema }) => [
    { what: `no longer drop chunks of ${there.on} after ${there.after}`, sql: removeRetention(there, schema), deliberate: true },
  ],

  dependsOn: ({ on }) => [`hypertable ${on}`, `aggregate ${on}`],

  isOurs: ({ on }, wished) => isAmongTables(on, wished),
}

const losing = ({ on, after }: RetentionPolicy): Pick<Step, 'loses'> => ({
  loses: `rows of ${on} that are older than ${after}, now and from now on`,
})
const addRetention = ({ on, after }: RetentionPolicy, schema: string) =>
  `SELECT ${schema}.add_retention_policy('public.${on}', interval '${after}', if_not_exists => true, schedule_interval => interval '${scheduleOf(after)}')`
const removeRetention = ({ on }: RetentionPolicy, schema: string) =>
  `SELECT ${schema}.remove_retention_policy('public.${on}', if_exists => true)`

export const REFRESH_POLICY: ObjectKind<RefreshPolicy> = {
  read: async (client) =>
    (await jobsOf(client, 'policy_refresh_continuous_aggregate')).map(({ on, every, config }) => ({
      kind: 'refresh-policy',
      on,
      startOffset: typeof config['start_offset'] === 'string' ? config['start_offset'] : null,
      endOffset: textOf(config['end_offset']),
      every,
    })),

  create(wished, facts) {
    const { on, every } = wished
    const sql = addRefresh(wished, facts)
    if (!facts.hasTicks) return [{ what: `refresh ${on} every ${every}`, sql }]
    // A policy that computes the last days of an aggregate first would hide all that was before.
    const run = async (client: Queryable, { onProgress, signal }: RunOptions) => {
      await computeWhole(client, on, { onProgress, signal })
      await client.query(sql)
    }
    return [{ what: `compute ${on} as far as there are ticks, and refresh it every ${every}`, sql: '', run, long: true }]
  },

  alter(there, wished, facts) {
    const { startOffset, endOffset, every } = there
    if (sameInterval(startOffset, wished.startOffset) && sameInterval(endOffset, wished.endOffset) && sameInterval(every, wished.every))
      return []
    return [
      {
        what: `refresh ${wished.on} every ${wished.every}, ${wished.startOffset ?? 'everything'} back, instead of every ${every}, ${startOffset ?? 'everything'} back`,
        sql: `${removeRefresh(wished, facts)}; ${addRefresh(wished, facts)}`,
      },
    ]
  },

  drop: (there, facts) => [{ what: `no longer refresh ${there.on}`, sql: removeRefresh(there, facts) }],

  dependsOn: ({ on }) => [`aggregate ${on}`],

  isOurs: ({ on }, wished) => wished.some((object) => object.kind === 'aggregate' && object.name === on),
}

async function computeWhole(client: Queryable, on: string, { onProgress, signal }: RunOptions): Promise<void> {
  const windows = (await planRefresh(client, { nowUs: Date.now() * 1000 })).filter(({ aggregate }) => aggregate === on)
  for (const [index, window] of windows.entries()) {
    signal?.throwIfAborted()
    onProgress(`${on}: window ${index + 1} of ${windows.length}`)
    await refreshWindow(client, window)
  }
}

/**
 * In one go, or the oldest first: what is computed newest first moves the mark up to which an aggregate counts as computed, and what lies
 * before it is then missing until it is reached.
 */
function addRefresh({ on, startOffset, endOffset, every }: RefreshPolicy, { schema, timescale = '' }: ServerFacts): string {
  const [major = 0, minor = 0] = timescale.split('.').map(Number)
  const oldestFirst = major > 2 || minor >= 20 ? ', refresh_newest_first => false' : ''
  const start = startOffset === null ? 'NULL' : `interval '${startOffset}'`
  return `SELECT ${schema}.add_continuous_aggregate_policy('public.${on}', start_offset => ${start}, end_offset => interval '${endOffset}',
    schedule_interval => interval '${every}', if_not_exists => true, buckets_per_batch => 0${oldestFirst})`
}
const removeRefresh = ({ on }: Pick<RefreshPolicy, 'on'>, { schema }: ServerFacts) =>
  `SELECT ${schema}.remove_continuous_aggregate_policy('public.${on}', if_exists => true)`
