/**
 * Makes a plain table with data a hypertable while collectors write into it and others read it.
 *
 * The plain table stays what everybody reads and writes until the end. Beside it a hypertable is filled: what is written meanwhile by a
 * trigger, within the writer's transaction, and what was there before in windows of a second each. Then both are compared, row count and
 * content, and change places in one short transaction. No reader ever misses a row; writers wait for two moments, and write each row twice
 * in between. `state.ts` has the states; killed at any instant, the next run goes on from the last window.
 */

import pg from 'pg'

import { MigrationError } from '../../../../market/errors.ts'
import { hasSqlState, messageOf } from '../../../sqlstates.ts'
import type { Queryable } from '../objects.ts'
import { begin, type TableToMove } from './begin.ts'
import { copyRows } from './copy.ts'
import { changePlaces, compare } from './finish.ts'
import { giveUp } from './give-up.ts'
import { inShortTransaction, olderReaders, readersGone, underMoveLock } from './locks.ts'
import { type PlainTable, readPlainTable } from './plain-table.ts'
import { gigabytes, type MoveProgress, Rate } from './progress.ts'
import { MOVE_SCHEMA, readMove } from './state.ts'

/** A smaller table, indexes included, becomes a hypertable in one go: writers wait for about a second. */
export const SMALL_BYTES = 16_000_000

export interface MoveOptions extends TableToMove {
  onProgress?: ((progress: MoveProgress) => void) | undefined
  /** Aborted: stops behind the window that it is at. What was done stays. */
  signal?: AbortSignal | undefined
  /** Blocks in a transaction. Absent: as many as take about a second. */
  windowBlocks?: number | undefined
}

const DISK_FULL = '53100'
const INSUFFICIENT_PRIVILEGE = '42501'

/**
 * Moves a table, or goes on with it. Returns how many rows the hypertable has.
 *
 * @param client a connection that is not used for anything else meanwhile
 * @throws MigrationError saying what to do; what was done stays, and the plain table is in use until all is done
 */
export async function moveTable(client: Queryable, options: MoveOptions): Promise<number> {
  return underMoveLock(client, async () => {
    const earlier = await readMove(client)
    if (earlier && earlier.table !== options.table)
      await new Move(client, { ...options, table: earlier.table, chunkInterval: earlier.chunkInterval }).run()
    return new Move(client, options).run()
  })
}

class Move {
  readonly #client: Queryable
  readonly #options: MoveOptions
  readonly #table: string
  #plain: PlainTable | undefined

  constructor(client: Queryable, options: MoveOptions) {
    this.#client = client
    this.#options = options
    this.#table = options.table
  }

  async run(): Promise<number> {
    // So that the server notices a client that was killed while it copies. Not every server can.
    await this.#client.query("SET client_connection_check_interval = '2s'").catch(() => undefined)
    try {
      for (;;) {
        const rows = await this.#attempt()
        if (rows !== undefined) return rows
        await this.#short(() => giveUp(this.#client))
        this.#report('anew')
      }
    } catch (cause) {
      if (hasSqlState(cause, DISK_FULL)) throw await this.#diskFull(cause)
      throw failure(this.#table, cause)
    }
  }

  /** Returns undefined when the plain table is not the one any more that the move began with. */
  async #attempt(): Promise<number | undefined> {
    const client = this.#client
    const plain = (this.#plain = await readPlainTable(client, this.#table))
    const earlier = await readMove(client)
    if (earlier && !earlier.fits) return undefined
    if (!earlier) await this.#short(() => begin(client, this.#options, plain))
    this.#report(earlier ? 'continued' : 'begun', { rows: earlier?.rows ?? 0 })
    if (!(await this.#copy(plain))) return undefined
    const readers = await olderReaders(client)
    await client.query(`ANALYZE ${MOVE_SCHEMA}.${plain.name}`)
    this.#report('compare')
    const rows = await compare(client, this.#table, plain)
    const { signal } = this.#options
    await readersGone(client, readers, { onWait: this.#onWait, signal })
    let lockedMs = 0
    const changed = await this.#short(async () => {
      const startedMs = performance.now()
      const done = await changePlaces(client, this.#table)
      lockedMs = performance.now() - startedMs
      return done
    })
    if (!changed) return undefined
    this.#report('done', { rows, lockedMs })
    return rows
  }

  async #copy(plain: PlainTable): Promise<boolean> {
    const { signal, windowBlocks } = this.#options
    const rate = new Rate()
    return copyRows(this.#client, plain, {
      onWindow: ({ rows, nextBlock, blocks }) => {
        // The share of blocks is exact where the number of rows is an estimate.
        const aboutRows = nextBlock === 0 ? plain.aboutRows : Math.round((rows / nextBlock) * blocks)
        this.#report('copy', { rows, aboutRows, ...rate.at(rows, aboutRows) })
      },
      signal,
      windowBlocks,
    })
  }

  #short<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.#options
    return inShortTransaction(this.#client, this.#table, { work, onWait: this.#onWait, signal })
  }

  readonly #onWait = (waitsFor: string): void => this.#report('wait', { waitsFor })

  #report(phase: MoveProgress['phase'], more: Partial<MoveProgress> = {}): void {
    const { aboutRows = 0, bytes = 0 } = this.#plain ?? {}
    this.#options.onProgress?.({ table: this.#table, phase, rows: 0, aboutRows, bytes, ...more })
  }

  /** The copy takes the room that collectors need: it is given back. */
  async #diskFull(cause: unknown): Promise<MigrationError> {
    const given = await this.#short(() => giveUp(this.#client)).then(
      () => 'What was copied was deleted again, so that collectors can go on writing.',
      (error: unknown) => `What was copied could not be deleted: ${messageOf(error)}. Collectors cannot write until there is room.`,
    )
    return new MigrationError(
      `The disk of the database was full while ${this.#table} was made a hypertable: ${messageOf(cause)}. ${given} The table is as it was. ` +
        `Free about ${gigabytes(this.#plain?.bytes ?? 0)} and run \`tapedeck db apply\` again.`,
      { code: 'disk-full', cause },
    )
  }
}

function failure(table: string, cause: unknown): unknown {
  if (!(cause instanceof pg.DatabaseError)) return cause
  const rights = hasSqlState(cause, INSUFFICIENT_PRIVILEGE)
    ? ' The role must own the table and may have to create schemas in the database.'
    : ''
  return new MigrationError(
    `The server did not make ${table} a hypertable: ${messageOf(cause)}.${rights} The table is in use as it was; \`tapedeck db apply\` goes on with what was done.`,
    { code: 'storage-refused', cause },
  )
}
