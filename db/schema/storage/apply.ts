/** Brings a server to the storage that is wished for, whatever it takes: `tapedeck db apply`. Goes on where it was interrupted. */

import { MigrationError } from '../../../market/errors.ts'
import { BEGIN } from '../../transaction.ts'
import { underMigrationLock } from '../migration-lock.ts'
import { giveUp } from './move/give-up.ts'
import type { Queryable, Step } from './objects.ts'
import { planStorage, type StorageOptions } from './reconcile.ts'
import { CREATE_EXTENSION, createExtension, takeStep } from './take-step.ts'

export interface ApplyOptions extends StorageOptions {
  /** Allows steps that delete something. */
  loseRows?: boolean
  report?: (progress: string) => void
  /** Aborted: stops soon, and what was done stays. */
  signal?: AbortSignal | undefined
}

/**
 * Takes step after step, each as planned anew from what is there. Returns what was done, a line for each step.
 *
 * @param client a connection that is not used for anything else meanwhile
 * @throws MigrationError `storage-loses-rows` before anything is done, when a step deletes something and that is not allowed;
 *   `storage-refused` when the server refuses a step; `server-unsuitable`
 */
export async function applyStorage(
  client: Queryable,
  { loseRows = false, report = () => undefined, signal, ...options }: ApplyOptions = {},
): Promise<string[]> {
  const done: string[] = []
  for (;;) {
    signal?.throwIfAborted()
    const step = await underMigrationLock(client, async () => {
      const { steps } = await planStorage(client, options)
      refuseToLose(steps, loseRows)
      const [next] = steps
      if (!next) return undefined
      if (done.includes(next.what))
        throw new MigrationError(`The server did ${next.what}, and does not show it. Report this.`, { code: 'storage-refused' })
      report(`${done.length + 1} of ${done.length + steps.length}: ${next.what}`)
      if (!next.run) await take(client, next)
      return next
    })
    if (!step) return done
    // Hours of work, during which a collector must be able to start.
    await step.run?.(client, { onProgress: report, signal })
    done.push(step.what)
  }
}

/** Gives up the move of a table that is under way: it stays a plain table. Returns its name; undefined when there was none. */
export async function giveUpMove(client: Queryable): Promise<string | undefined> {
  return underMigrationLock(client, async () => {
    await client.query(BEGIN)
    try {
      const table = await giveUp(client)
      await client.query('COMMIT')
      return table
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  })
}

function refuseToLose(steps: readonly Step[], loseRows: boolean): void {
  const lost = steps.flatMap(({ loses }) => loses ?? [])
  if (loseRows || lost.length === 0) return
  throw new MigrationError(
    `The plan deletes ${lost.join('; ')}. Nothing was changed. See \`tapedeck db plan\`; with --yes it is deleted.`,
    { code: 'storage-loses-rows' },
  )
}

async function take(client: Queryable, step: Step): Promise<void> {
  if (step !== CREATE_EXTENSION) return takeStep(client, step)
  const refusal = await createExtension(client)
  if (refusal !== undefined) throw new MigrationError(`TimescaleDB is there and cannot be used: ${refusal}.`, { code: 'storage-refused' })
}
