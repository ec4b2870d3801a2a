/** The lock that whoever changes the schema or the storage holds. */

import type pg from 'pg'

import { TRANSACTION_SETTINGS } from '../transaction.ts'

/** Any number that no other program is likely to lock. */
export const MIGRATION_LOCK = '7402338110223351'

/** Keeps other processes from changing the schema while `work` runs. */
export async function underMigrationLock<T>(client: Pick<pg.ClientBase, 'query'>, work: () => Promise<T>): Promise<T> {
  await client.query(`${TRANSACTION_SETTINGS}; SELECT pg_advisory_lock(${MIGRATION_LOCK})`)
  try {
    return await work()
  } finally {
    // Where the connection broke, the lock is gone with it.
    await client.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`).catch(() => undefined)
  }
}
