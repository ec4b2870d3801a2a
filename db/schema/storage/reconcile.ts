/**
 * Brings a server to the storage that is wished for: nothing on plain PostgreSQL, hypertables on TimescaleDB. Doing it again changes
 * nothing.
 */

import pg from 'pg'

import { MigrationError } from '../../../market/errors.ts'
import { messageOf } from '../../sqlstates.ts'
import { TRANSACTION_SETTINGS } from '../../transaction.ts'
import { underMigrationLock } from '../migration-lock.ts'
import type { Edition, Queryable, Step, StorageObject } from './objects.ts'
import { type Change, planChanges, readStorage } from './plan.ts'
import { readServer } from './server.ts'
import { tablesOf, wishedStorage } from './wished.ts'

export interface StoragePlan {
  edition: Edition
  /** `TimescaleDB 2.28.3 Community`, or why there is none. */
  server: string
  steps: readonly Step[]
  changes: readonly Change[]
}

export interface ReconcileOptions {
  /** Only says what would be done. */
  dryRun?: boolean
  wished?: readonly StorageObject[]
}

const CREATE_EXTENSION: Step = { what: 'create the extension timescaledb', sql: 'CREATE EXTENSION timescaledb SCHEMA public' }

/** What is missing between the tables as they are and as they are wished to be on this server. */
export async function planStorage(client: Queryable, wished: readonly StorageObject[] = wishedStorage()): Promise<StoragePlan> {
  const { server, edition, offersTimescale, ...others } = await readServer(client, tablesOf(wished))
  if (offersTimescale) return { edition, server, steps: [CREATE_EXTENSION], changes: [] }
  const facts = { edition, ...others }
  const changes = planChanges(await readStorage(client, facts), wished, facts)
  return { edition, server, changes, steps: changes.flatMap(({ steps }) => steps) }
}

/**
 * Makes what is missing as far as that takes no time and loses nothing. Returns lines that say what the server is, what was done or,
 * dry, would be, and what is left to `tapedeck db apply`. Where the role may not create the extension the tables stay plain, and a line
 * says so.
 *
 * @throws MigrationError when the server refuses a step
 */
export async function reconcileStorage(
  client: Queryable,
  { dryRun = false, wished = wishedStorage() }: ReconcileOptions = {},
): Promise<string[]> {
  if (dryRun) {
    const { server, steps } = await planStorage(client, wished)
    const more = steps.includes(CREATE_EXTENSION) ? [`would make hypertables of ${tablesOf(wished).join(', ')}`] : []
    return [`storage: ${server}`, ...steps.map(({ what }) => `would ${what}`), ...more]
  }
  return underMigrationLock(client, async () => {
    const lines: string[] = []
    let plan = await planStorage(client, wished)
    if (plan.steps.includes(CREATE_EXTENSION)) {
      const refusal = await createExtension(client)
      if (refusal !== undefined) return [`storage: ${plan.server}; the tables stay plain: ${refusal}`]
      lines.push(`did ${CREATE_EXTENSION.what}`)
      plan = await planStorage(client, wished)
    }
    const { now, later } = split(plan.changes)
    for (const step of now.flatMap(({ steps }) => steps)) {
      await take(client, step)
      lines.push(`did ${step.what}`)
    }
    const left = later.flatMap(({ steps }) => steps).map(({ what }) => `left to \`tapedeck db apply\`: ${what}`)
    return [`storage: ${plan.server}`, ...lines, ...left]
  })
}

/** Parts what may be done at any time from what takes long or loses something, and from all that comes after that. */
function split(changes: readonly Change[]): { now: Change[]; later: Change[] } {
  const now: Change[] = []
  const later: Change[] = []
  const held = new Set<string>()
  for (const change of changes) {
    const waits = change.after.some((key) => held.has(key)) || change.steps.some(({ long, loses }) => long || loses !== undefined)
    if (waits) held.add(change.key)
    ;(waits ? later : now).push(change)
  }
  return { now, later }
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
