/** How far the continuous aggregates are computed, and of which time there are ticks to compute them from. TimescaleDB Community only. */

import type pg from 'pg'

import { BAR_AGGREGATES } from '../schema/storage/bars/index.ts'

type Client = Pick<pg.ClientBase, 'query'>

/** Times are microseconds. */
export interface AggregateState {
  name: string
  /** The table of ticks that it is made of in the end. */
  table: string
  bucketUs: number
  /** Before this everything that it says comes from its stored rows; undefined while it was never computed. */
  computedToUs: number | undefined
  /** Ticks from here on are all there: what was before was dropped, or never recorded. */
  wholeFromUs: number
}

/** A part of a table of ticks. */
export interface TickRange {
  fromUs: number
  toUs: number
  bytes: number
}

const US_PER_SECOND = 1_000_000
const BUCKET_SECONDS: Readonly<Record<string, number>> = { '1 minute': 60, '5 minutes': 300, '1 hour': 3600, '1 day': 86_400 }

/** `ours` in the order in which each is computed: behind what it is made of. Those that the server has not as continuous aggregates are left out. */
export async function aggregateStates(client: Client): Promise<AggregateState[]> {
  const { rows: computed } = await client.query<{ name: string; us: string | null }>(
    `SELECT user_view_name AS name, (extract(epoch FROM NULLIF(
       _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(mat_hypertable_id)), ts.never)) * 1000000)::bigint AS us
     FROM _timescaledb_catalog.continuous_agg, (SELECT '4714-11-24 00:00:00+00 BC'::timestamptz AS never) AS ts WHERE user_view_schema = 'public'`,
  )
  const states: AggregateState[] = []
  for (const { name, from, bucket } of BAR_AGGREGATES) {
    const row = computed.find((one) => one.name === name)
    if (!row) continue
    const table = tableBehind(from)
    const bucketUs = (BUCKET_SECONDS[bucket] ?? 86_400) * US_PER_SECOND
    const computedToUs = row.us === null ? undefined : Number(row.us)
    states.push({ name, table, bucketUs, computedToUs, wholeFromUs: await wholeFrom(client, { name, table, bucketUs, computedToUs }) })
  }
  return states
}

function tableBehind(from: string): string {
  const parent = BAR_AGGREGATES.find(({ name }) => name === from)
  return parent ? tableBehind(parent.from) : from
}

/**
 * Rows that were computed from ticks which are gone must never be computed again: they would be deleted. What `db drop-before` dropped is
 * noted; of what a retention policy dropped it is known that older rows are there than ticks, and then the first bucket may lack some.
 */
async function wholeFrom(client: Client, { name, table, bucketUs, computedToUs }: Omit<AggregateState, 'wholeFromUs'>): Promise<number> {
  const { rows } = await client.query<{ oldest: string | null; dropped: string | null }>(
    `SELECT (SELECT (extract(epoch FROM min(ts)) * 1000000)::bigint FROM public.${table}) AS oldest,
       (SELECT (extract(epoch FROM max(dropped_before)) * 1000000)::bigint FROM public.dropped_ticks WHERE table_name = $1) AS dropped`,
    [table],
  )
  const { oldest = null, dropped = null } = rows[0] ?? {}
  if (oldest === null) return Number.POSITIVE_INFINITY
  let fromUs = floorTo(Number(oldest), bucketUs)
  if (computedToUs !== undefined) {
    const { rows: older } = await client.query(`SELECT FROM public.${name} WHERE ts < to_timestamp($1::float8 / 1000000) LIMIT 1`, [
      Math.min(fromUs, computedToUs),
    ])
    if (older.length > 0) fromUs += bucketUs
  }
  return Math.max(fromUs, dropped === null ? Number.NEGATIVE_INFINITY : ceilTo(Number(dropped), bucketUs))
}

/** The chunks of a table, oldest first. */
export async function tickRanges(client: Client, table: string): Promise<TickRange[]> {
  const { rows } = await client.query<{ from: string; to: string; bytes: string }>(
    `SELECT (extract(epoch FROM range_start) * 1000000)::bigint AS from, (extract(epoch FROM range_end) * 1000000)::bigint AS to,
       coalesce(pg_total_relation_size(format('%I.%I', chunk_schema, chunk_name)::regclass), 0) AS bytes
     FROM timescaledb_information.chunks WHERE hypertable_schema = 'public' AND hypertable_name = $1 ORDER BY range_start`,
    [table],
  )
  return rows.map(({ from, to, bytes }) => ({ fromUs: Number(from), toUs: Number(to), bytes: Number(bytes) }))
}

export const floorTo = (us: number, step: number) => Math.floor(us / step) * step
export const ceilTo = (us: number, step: number) => Math.ceil(us / step) * step
