/** COPY … FROM STDIN BINARY of rows that were encoded before, whole or row by row. */

import { once } from 'node:events'

import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

import { rowOffsets, sliceRows } from './copy-buffer.ts'
import { isRowRefusal, messageOf } from './sqlstates.ts'

/**
 * Copies `rows` with the COPY statement `statement`. Returns how many of them the database stored.
 *
 * @throws pg.DatabaseError what the server answers, Error when the connection breaks
 */
export async function copyIn(client: pg.ClientBase, statement: string, rows: Buffer): Promise<number> {
  const stream = client.query(copyFrom(statement))
  try {
    const finished = once(stream, 'finish')
    stream.end(rows)
    await finished
    return stream.rowCount
  } catch (error) {
    // Else it would try to end a COPY that is over.
    stream.destroy()
    throw error
  }
}

/**
 * Copies the rows that the database takes, within a transaction, and tells why it refuses each of the others.
 * Halves what is refused until single rows are left, so that a few bad rows cost a few dozen COPYs.
 */
export async function copyAcceptable(client: pg.ClientBase, statement: string, rows: Buffer): Promise<{ row: Buffer; reason: string }[]> {
  const offsets = rowOffsets(rows)
  const refused: { row: Buffer; reason: string }[] = []
  const copy = async (first: number, end: number): Promise<void> => {
    const start = offsets[first] ?? 0
    const bytes = sliceRows(rows, start, offsets[end] ?? start)
    const reason = await refusal(client, async () => {
      if ((await copyIn(client, statement, bytes)) !== end - first) throw new SwallowedRow()
    })
    if (reason === undefined) return
    if (end - first === 1) {
      refused.push({ row: rows.subarray(start, offsets[end]), reason })
      return
    }
    const middle = (first + end) >> 1
    await copy(first, middle)
    await copy(middle, end)
  }
  if (offsets.length > 1) await copy(0, offsets.length - 1)
  return refused
}

/** Does `work`, or undoes it and returns the reason when the database refuses what is in a row. */
export async function refusal(client: pg.ClientBase, work: () => Promise<void>): Promise<string | undefined> {
  await client.query('SAVEPOINT attempt')
  try {
    await work()
    await client.query('RELEASE attempt')
    return undefined
  } catch (error) {
    if (!isRowRefusal(error) && !(error instanceof SwallowedRow)) throw error
    await client.query('ROLLBACK TO attempt; RELEASE attempt')
    return isRowRefusal(error) ? `${messageOf(error)} (SQLSTATE ${error.code})` : messageOf(error)
  }
}

/** The server answered that all is well, and stored less than it was given. */
export class SwallowedRow extends Error {
  constructor() {
    super('the database took the row without storing it, as a trigger can make it do')
  }
}
