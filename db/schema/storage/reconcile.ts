/**
 * Brings a server to the storage that is wished for: nothing on plain PostgreSQL, hypertables on TimescaleDB. Doing it again changes
 * nothing.
 */

import pg from 'pg'

import { MigrationError } from '../../../market/errors.ts'
import { messageOf } from '../../sqlstates.ts'
import { TRANSACTION_SETTINGS } from '../../transaction.ts'
import { underMigrationLock } from '../migration-lock.ts'
import type { Edition, Queryable, Step } from './objects.ts'
import { planChanges, readStorage } from './plan.ts'
import { readServer } from './server.ts'
import { tablesOf, wishedStorage } from './wished.ts'

export interface StoragePlan {
  edition: Edition
  /** `TimescaleDB 2.28.3 Community`, or why there is none. */
  server: string
  steps: readonly Step[]
}

const CREATE_EXTENSION: Step = { what: 'create the extension timescaledb', sql: 'CREATE EXTENSION timescaledb SCHEMA public' }

/** What is missing between the tables as they are and as they are wished to be on this server. */
export async function planStorage(client: Queryable): Promise<StoragePlan> {
  const wished = wishedStorage()
  const { server, edition, offersTimescale, ...facts } = await readServer(client, tablesOf(wished))
  if (offersTimescale) return { edition, server, steps: [CREATE_EXTENSION] }
  const there = await readStorage(client, { edition, ...facts })
  return { edition, server, steps: planChanges(there, wished, { edition, ...facts }).flatMap(({ steps }) => steps) }
}

/**
 * Stores the tables as they are wished to be. Returns lines that say what the server is, and what was done or, dry, would be.
 * Where the role may not create the extension the tables stay plain, and a line says so.
 *
 * @throws MigrationError when the server refuses a step
 */
export async function reconcileStorage(client: Queryable, { dryRun = false }: { dryRun?: boolean } = {}): Promise<string[]> {
  if (dryRun) {
    const { server, steps } = await planStorage(client)
    const more = steps.includes(CREATE_EXTENSION) ? [`would make hypertables of ${tablesOf(wishedStorage()).join(', ')}`] : []
    return [`storage: ${server}`, ...steps.map(({ what }) => `would ${what}`), ...more]
  }
  return underMigrationLock(client, async () => {
    const lines: string[] = []
    let plan = await planStorage(client)
    if (plan.steps.includes(CREATE_EXTENSION)) {
      const refusal = await createExtension(client)
      if (refusal !== undefined) return [`storage: ${plan.server}; the tables stay plain: ${refusal}`]
      lines.push(`did ${CREATE_EXTENSION.what}`)
      plan = await planStorage(client)
    }
    for (const step of plan.steps) {
      await take(client, step)
      lines.push(`did ${step.what}`)
    }
    return [`storage: ${plan.server}`, ...lines]
  })
}

async function createExtension(client: Queryable): Promise<string | undefined> {
  try {
    await client.query(`${TRANSACTION_SETTINGS}; ${CREATE_EXTENSION.sql}`)
    return undefined
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return `${messageOf(error)}. Have a superuser run "${CREATE_EXTENSION.sql}" in this database, then run \`tapedeck db migrate\``
  }
}

async function take(client: Queryable, { what, sql }: Step): Promise<void> {
  try {
    await client.query(`${TRANSACTION_SETTINGS}; ${sql}`)
  } catch (cause) {
    throw new MigrationError(`The server did not ${what}: ${messageOf(cause)}. The role must own the table; run this again as its owner.`, {
      code: 'storage-refused',
      retryable: !(cause instanceof pg.DatabaseError),
      cause,
    })
  }
}
