/** Locks that a move takes for a moment, without holding writers and readers up for longer than that. */

import { setTimeout as sleep } from 'node:timers/promises'

import pg from 'pg'

import { MigrationError } from '../../../../market/errors.ts'
import { hasSqlState } from '../../../sqlstates.ts'
import { BEGIN } from '../../../transaction.ts'
import { MIGRATION_LOCK } from '../../migration-lock.ts'
import type { Queryable } from '../objects.ts'

/** Any number that no other program is likely to lock; not the one of migrations, which start-ups of collectors wait for. */
const MOVE_LOCK = '7402338110223352'
/** A backend whose client was killed is gone by then. */
const HOLDER_LIMIT_MS = 30_000
const HOLDER_PAUSE_MS = 500
/** As long as writers wait at most in one attempt. */
const LOCK_LIMIT = '2s'
const PAUSES_MS = [500, 1000, 2000, 5000, 10_000, 30_000]
const LOCK_NOT_AVAILABLE = '55P03'
const DEADLOCK = '40P01'

/**
 * Keeps a second process from moving tables of the same database.
 *
 * @throws MigrationError `move-under-way` naming the other one
 */
export async function underMoveLock<T>(client: Queryable, work: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + HOLDER_LIMIT_MS
  while (!(await tryMoveLock(client))) {
    if (performance.now() > deadlineMs) throw await moveUnderWay(client)
    // Asked again and again: a statement that waits has a snapshot, and the mover waits for snapshots to end before tables change places.
    await sleep(HOLDER_PAUSE_MS)
  }
  try {
    return await work()
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${MOVE_LOCK})`).catch(() => undefined)
  }
}

async function tryMoveLock(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ got: boolean }>(`SELECT pg_try_advisory_lock(${MOVE_LOCK}) AS got`)
  return rows[0]?.got === true
}

async function moveUnderWay(client: Queryable): Promise<MigrationError> {
  const { rows } = await client.query<{ pid: number; where: string }>(
    `SELECT a.pid, coalesce(host(a.client_addr), 'this host') AS where FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND l.classid::bigint << 32 | l.objid::bigint = ${MOVE_LOCK}`,
  )
  const who = rows.map(({ pid, where }) => `process ${pid} of the server, connected from ${where}`).join(', ')
  return new MigrationError(
    `Another \`tapedeck db apply\` moves a table of this database${who ? ` (${who})` : ''}. Wait until it is done, or stop it and run this again.`,
    { code: 'move-under-way', retryable: true },
  )
}

/**
 * Runs `work` in one transaction that waits for each lock a moment only, and anew after a pause as long as others are in the way.
 *
 * @param onWait is told who is in the way
 */
export async function inShortTransaction<T>(
  client: Queryable,
  table: string,
  { work, onWait, signal }: { work: () => Promise<T>; onWait: (who: string) => void; signal: AbortSignal | undefined },
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted()
    try {
      // Start-ups of collectors wait for the lock of migrations: it is held for as long as this transaction only.
      await client.query(`${BEGIN}; SET LOCAL lock_timeout = '${LOCK_LIMIT}'; SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
      const result = await work()
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined)
      if (!hasSqlState(error, LOCK_NOT_AVAILABLE) && !hasSqlState(error, DEADLOCK)) throw error
    }
    onWait(await holders(client, table))
    await sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)], undefined, { signal })
  }
}

async function holders(client: Queryable, table: string): Promise<string> {
  const { rows } = await client.query<Session>(
    `SELECT DISTINCT a.pid, a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.relation IN (to_regclass($1), to_regclass('public.batches')) AND l.granted AND a.pid <> pg_backend_pid() ORDER BY a.pid LIMIT 5`,
    [`public.${pg.escapeIdentifier(table)}`],
  )
  return sessionsText(rows)
}

interface Session {
  pid: number
  name: string | null
}

function sessionsText(sessions: readonly Session[]): string {
  return sessions.map(({ pid, name }) => `process ${pid}${name ? ` (${name})` : ''}`).join(', ') || 'another transaction'
}

/** Transactions that look at the database as it was, by the server's number of each. */
export type Readers = ReadonlyMap<string, Session>

/**
 * Returns who reads the database as of now or earlier. What was copied since would be invisible to them in the hypertable, and is visible
 * to everybody who comes later.
 */
export async function olderReaders(client: Queryable): Promise<Readers> {
  const { rows } = await client.query<Session & { transaction: string }>(
    // Of other roles' sessions it is hidden whether they have a snapshot: they are waited for.
    `SELECT l.virtualtransaction AS transaction, a.pid, a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'virtualxid' AND l.granted AND a.datname = current_database() AND a.pid <> pg_backend_pid()
       AND (a.backend_xmin IS NOT NULL OR a.query = '<insufficient privilege>') AND a.backend_type IS DISTINCT FROM 'autovacuum worker'`,
  )
  return new Map(rows.map(({ transaction, ...session }) => [transaction, session]))
}

/** Resolves when all of them have ended. Holds nothing up meanwhile. */
export async function readersGone(
  client: Queryable,
  readers: Readers,
  { onWait, signal }: { onWait: (who: string) => void; signal: AbortSignal | undefined },
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { rows } = await client.query<{ transaction: string }>(
      "SELECT virtualtransaction AS transaction FROM pg_locks WHERE locktype = 'virtualxid'",
    )
    const left = rows.flatMap(({ transaction }) => readers.get(transaction) ?? [])
    if (left.length === 0) return
    if (attempt > 0) onWait(sessionsText(left))
    await sleep(PAUSES_MS[Math.min(attempt, 3)], undefined, { signal })
  }
}
