/**
 * Repeats a change of the schema that met something else at work. Background jobs of TimescaleDB refresh, compress and drop on their own time: one
 * that locks tables in another order, or changes the same row of the catalog, has the server end one of the two.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import pg from 'pg'

/** Deadlock detected, serialization failure, lock not available. */
const DISTURBED: readonly string[] = ['40P01', '40001', '55P03']
const ATTEMPTS = 5
const PAUSE_MS = 500

/**
 * @param attempt leaves everything as it was when it throws; what it throws is the server's error, or has it as its cause
 * @throws what the last attempt threw
 */
export async function undisturbed<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await attempt()
    } catch (error) {
      if (tries === ATTEMPTS || !wasDisturbed(error)) throw error
      await sleep(tries * PAUSE_MS)
    }
}

function wasDisturbed(error: unknown): boolean {
  const refusal = error instanceof Error && error.cause !== undefined ? error.cause : error
  // The catalog's own conflict has no state of its own: it is an internal error, XX000.
  return (
    refusal instanceof pg.DatabaseError && (DISTURBED.includes(refusal.code ?? '') || refusal.message.startsWith('tuple concurrently '))
  )
}
