/**
 * Computes continuous aggregates, always from old to new: what a continuous aggregate says of the time before its newest computed row comes from
 * computed rows alone, so that one which is computed from a later moment on would hide all that was before. Elsewhere bars are views, and there
 * is nothing to do.
 */

import { setTimeout } from 'node:timers/promises'

import type pg from 'pg'

import { isoFromUs } from '../../market/time.ts'
import { hasSqlState } from '../sqlstates.ts'
import { type AggregateState, aggregateStates, ceilTo, floorTo, tickRanges, type TickRange } from './aggregate-state.ts'

/** Not in a transaction: each window is one. */
type Client = Pick<pg.ClientBase, 'query'>

/** A part of one aggregate's time that is computed in one transaction. */
export interface RefreshWindow {
  aggregate: string
  fromUs: number
  toUs: number
}

/** Ticks for some seconds of work, so that an interruption loses little; compressed ones are a tenth of the bytes. */
const WINDOW_BYTES = 64 * 2 ** 20
const WINDOW_CHUNKS = 32
const MICROSECONDS = 1_000_000

/** What has to be computed for all ticks that are there, or for those of a time; the earlier window of an aggregate first. */
export async function planRefresh(
  client: Client,
  { nowUs, only }: { nowUs: number; only?: { table: string; fromUs: number; toUs: number } },
): Promise<RefreshWindow[]> {
  if (!(await hasAggregates(client))) return []
  const windows: RefreshWindow[] = []
  const ranges = new Map<string, TickRange[]>()
  for (const state of await aggregateStates(client)) {
    if (only && state.table !== only.table) continue
    const chunks = ranges.get(state.table) ?? (await tickRanges(client, state.table))
    ranges.set(state.table, chunks)
    windows.push(...windowsOf(state, chunks, nowUs, only))
  }
  return windows
}

async function hasAggregates(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    "SELECT to_regclass('_timescaledb_catalog.continuous_agg') IS NOT NULL AND current_setting('timescaledb.license', true) = 'timescale' AS found",
  )
  return rows[0]?.found === true
}

/** The server skips what it knows to be unchanged, so that a window too many costs milliseconds. */
function windowsOf(
  { name, bucketUs, computedToUs, wholeFromUs }: AggregateState,
  chunks: readonly TickRange[],
  nowUs: number,
  only: { fromUs: number; toUs: number } | undefined,
): RefreshWindow[] {
  // A bucket that is still being filled is computed when it is asked for.
  const endUs = Math.min(
    floorTo(nowUs, bucketUs),
    only ? Math.max(ceilTo(only.toUs, bucketUs), floorTo(only.toUs, bucketUs) + bucketUs) : Number.POSITIVE_INFINITY,
  )
  // From where it was computed to, when that is earlier: nothing between may be left out.
  const startUs = only ? Math.min(floorTo(only.fromUs, bucketUs), computedToUs ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY
  const windows: (RefreshWindow & { bytes: number; chunks: number })[] = []
  for (const chunk of chunks) {
    const fromUs = Math.max(floorTo(chunk.fromUs, bucketUs), startUs, wholeFromUs)
    const toUs = Math.min(ceilTo(chunk.toUs, bucketUs), endUs)
    if (toUs - fromUs < bucketUs) continue
    const last = windows.at(-1)
    if (last && last.bytes + chunk.bytes <= WINDOW_BYTES && last.chunks < WINDOW_CHUNKS) {
      last.toUs = Math.max(toUs, last.toUs)
      last.bytes += chunk.bytes
      last.chunks++
    } else windows.push({ aggregate: name, fromUs: last ? Math.max(fromUs, last.toUs) : fromUs, toUs, bytes: chunk.bytes, chunks: 1 })
  }
  return windows.filter(({ fromUs, toUs }) => toUs - fromUs >= bucketUs).map(({ aggregate, fromUs, toUs }) => ({ aggregate, fromUs, toUs }))
}

const LOCK_NOT_AVAILABLE = '55P03'
/** A policy of the server, or the last window of a client that is gone, may be computing the same time. */
const ATTEMPTS = 300
const PAUSE_MS = 1000

/**
 * Newer versions compute ten buckets to a transaction, the newest first, unless told otherwise: slowly, and with the older ones hidden until the
 * end. Earlier ones know no options, and compute a window as one.
 */
const AS_ONE = `, options => '{"buckets_per_batch": 0, "refresh_newest_first": false}'`

/** @throws pg.DatabaseError when the server refuses. What was computed before stays, and doing it again goes on there. */
export async function refreshWindow(client: Client, { aggregate, fromUs, toUs }: RefreshWindow): Promise<void> {
  const { rows } = await client.query(
    "SELECT FROM pg_proc WHERE proname = 'refresh_continuous_aggregate' AND 'options' = ANY (proargnames) LIMIT 1",
  )
  await client.query('SET statement_timeout = 0')
  const times = [fromUs, toUs].map((us) => `'${isoFromUs(us)}'::timestamptz`).join(', ')
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`CALL public.refresh_continuous_aggregate('public.${aggregate}', ${times}${rows.length > 0 ? AS_ONE : ''})`)
      return
    } catch (error) {
      if (!hasSqlState(error, LOCK_NOT_AVAILABLE) || attempt === ATTEMPTS) throw error
      await setTimeout(PAUSE_MS)
    }
  }
}

/**
 * Computes anew what stands on ticks of a time that were added or changed there: by an import, a backfill or a repair. Nothing else, unless an
 * aggregate was not computed up to that time.
 *
 * @param client a connection without a transaction, of a role that owns the aggregates
 * @param touched microseconds; from the first tick to the last one
 */
export async function refreshTouched(client: Client, table: string, fromUs: number, toUs: number): Promise<void> {
  const nowUs = Date.now() * (MICROSECONDS / 1000)
  for (const window of await planRefresh(client, { nowUs, only: { table, fromUs, toUs } })) await refreshWindow(client, window)
}
