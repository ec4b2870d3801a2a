/**
 * Computes continuous aggregates, always from old to new: what a continuous aggregate says of the time before its newest computed row comes from
 * computed rows alone, so that one which is computed from a later moment on would hide all that was before. Elsewhere bars are views, and there
 * is nothing to do.
 */

import { setTimeout } from 'node:timers/promises'

import type pg from 'pg'

import { isoFromUs } from '../../market/time.ts'
import { hasSqlState } from '../sqlstates.ts'
import { aggregateStates, tickRanges, type TickRange } from './aggregate-state.ts'
import { type RefreshWindow, type TouchedTime, windowsOf } from './refresh-windows.ts'

/** Not in a transaction: each window is one. */
type Client = Pick<pg.ClientBase, 'query'>

/** What has to be computed for all ticks that are there, or for those of a time; the earlier window of an aggregate first. */
export async function planRefresh(client: Client, { nowUs, only }: { nowUs: number; only?: TouchedTime }): Promise<RefreshWindow[]> {
  if (!(await hasAggregates(client))) return []
  const windows: RefreshWindow[] = []
  const ranges = new Map<string, TickRange[]>()
  for (const state of await aggregateStates(client)) {
    if (only?.table !== undefined && state.table !== only.table) continue
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
 * aggregate was not computed up to that time. Returns how many windows of aggregates that were.
 *
 * @param client a connection without a transaction, of a role that owns the aggregates
 */
export async function refreshTouched(client: Client, touched: TouchedTime): Promise<number> {
  const windows = await planRefresh(client, { nowUs: Date.now() * 1000, only: touched })
  for (const window of windows) await refreshWindow(client, window)
  if (windows.length > 0) await storeTouchedDays(client, touched)
  return windows.length
}

/** Of days that are stored already, and a week behind: the volume of a day is told from the days before it. */
async function storeTouchedDays(client: Client, { fromUs, toUs }: TouchedTime): Promise<void> {
  await client.query(
    `SELECT tapedeck.store_days(days.first, days.behind) FROM (SELECT date_bin('24 hours', $1::timestamptz, 'epoch') AS first,
       LEAST(date_bin('24 hours', $2::timestamptz + interval '192 hours', 'epoch'), tapedeck.days_stored_to()) AS behind) AS days
     WHERE days.first < days.behind`,
    [isoFromUs(fromUs), isoFromUs(toUs)],
  )
}
