/**
 * Brings a server to the storage that is wished for, as far as that takes no time and loses nothing: at the start of a collector, and by
 * `tapedeck db migrate`. Doing it again changes nothing. What is left, `apply.ts` does.
 */

import { MigrationError } from '../../../market/errors.ts'
import { underMigrationLock } from '../migration-lock.ts'
import type { Edition, Queryable, Step, StorageObject } from './objects.ts'
import { type Change, partChanges, planChanges, readStorage } from './plan.ts'
import { readServer } from './server.ts'
import { CREATE_EXTENSION, createExtension, takeStep } from './take-step.ts'
import { refusalOf, warningsOf } from './versions.ts'
import { tablesOf, wishedStorage } from './wished.ts'

export interface StoragePlan {
  edition: Edition
  /** `TimescaleDB 2.28.3 Community`, or why there is none. */
  server: string
  /** About versions that were never tested. */
  warnings: readonly string[]
  changes: readonly Change[]
  /** Of the changes, in their order. */
  steps: readonly Step[]
}

export interface StorageOptions {
  /** Takes the server as plain PostgreSQL as long as the extension is not created. */
  asPlain?: boolean
  wished?: readonly StorageObject[]
  /** The least that the server has to be capable of. */
  edition?: Edition
}

export interface ReconcileOptions extends StorageOptions {
  /** Only says what would be done. */
  dryRun?: boolean
}

/**
 * What is missing between the tables as they are and as they are wished to be on this server.
 *
 * @throws MigrationError `server-unsuitable` when the server is too old, or of an edition that cannot do what is required
 */
export async function planStorage(
  client: Queryable,
  { wished = wishedStorage(), edition: required = 'plain', asPlain = false }: StorageOptions = {},
) {
  const { server, offersTimescale: offered, postgres, ...facts } = await readServer(client, tablesOf(wished))
  const offersTimescale = offered && !asPlain
  const { edition, timescale } = facts
  // One that offers more is judged once that is tried.
  const refusal = offersTimescale ? undefined : refusalOf({ postgres, timescale, edition, server }, required)
  if (refusal !== undefined) throw new MigrationError(refusal, { code: 'server-unsuitable' })
  const changes: Change[] = offersTimescale
    ? [{ action: 'create', key: 'extension timescaledb', steps: [CREATE_EXTENSION], after: [] }]
    : planChanges(await readStorage(client, facts), wished, facts)
  const plan: StoragePlan = {
    edition,
    server,
    changes,
    warnings: warningsOf({ postgres, timescale }),
    steps: changes.flatMap(({ steps }) => steps),
  }
  return plan
}

/**
 * Makes what is missing as far as that takes no time and loses nothing. Returns lines that say what the server is, what was done or,
 * dry, would be, and what is left to `tapedeck db apply`. What the server refuses is left as well, and a line says why: ticks can be
 * written whatever they are stored in. Where the role may not create the extension the tables stay plain.
 *
 * @throws MigrationError `server-unsuitable`, as planStorage does; an Error when the connection breaks
 */
export async function reconcileStorage(client: Queryable, { dryRun = false, ...options }: ReconcileOptions = {}): Promise<string[]> {
  if (dryRun) return foretell(client, options)
  return underMigrationLock(client, async () => {
    const lines: string[] = []
    let plan = await planStorage(client, options)
    if (plan.steps.includes(CREATE_EXTENSION)) {
      const refusal = await createExtension(client)
      if (refusal !== undefined && (options.edition ?? 'plain') !== 'plain')
        throw new MigrationError(`storage.edition asks for TimescaleDB, and it cannot be used: ${refusal}.`, { code: 'server-unsuitable' })
      lines.push(refusal === undefined ? `did ${CREATE_EXTENSION.what}` : `the tables stay plain: ${refusal}`)
      plan = await planStorage(client, { ...options, asPlain: refusal !== undefined })
    }
    const { now, later } = partChanges(plan.changes)
    const refused = new Set<string>()
    for (const { key, steps, after } of now) {
      const doing = after.some((one) => refused.has(one)) ? `not done either: ${key}` : await refusalOfSteps(client, steps)
      if (doing !== undefined) refused.add(key)
      lines.push(...(doing === undefined ? steps.map(({ what }) => `did ${what}`) : [doing]))
    }
    const left = later.flatMap(({ steps }) => steps).map(({ what }) => `left to \`tapedeck db apply\`: ${what}`)
    return [`storage: ${plan.server}`, ...plan.warnings, ...lines, ...left]
  })
}

async function foretell(client: Queryable, options: StorageOptions): Promise<string[]> {
  const { server, steps, warnings } = await planStorage(client, options)
  const tables = tablesOf(options.wished ?? wishedStorage())
  const more = steps.includes(CREATE_EXTENSION) ? [`would make hypertables of ${tables.join(', ')}`] : []
  return [`storage: ${server}`, ...warnings, ...steps.map(({ what }) => `would ${what}`), ...more]
}

async function refusalOfSteps(client: Queryable, steps: readonly Step[]): Promise<string | undefined> {
  try {
    for (const step of steps) await takeStep(client, step)
    return undefined
  } catch (error) {
    if (!(error instanceof MigrationError) || error.retryable) throw error
    return error.message
  }
}
