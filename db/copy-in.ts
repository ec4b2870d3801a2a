/** COPY … FROM STDIN BINARY of rows that were encoded before, whole or row by row. */

import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

import { rowOffsets, sliceRows } from './copy-buffer.ts'
import type { TableRows } from './copy-encode.ts'
import { isRowRefusal, messageOf } from './sqlstates.ts'

/**
 * Runs `sql`, of which one statement is COPY … FROM STDIN BINARY, and sends it `data`. Returns when all of `sql` is done.
 *
 * @throws pg.DatabaseError what the server answers, Error when the connection breaks
 */
export async function copyIn(client: pg.ClientBase, sql: string, data: Buffer): Promise<void> {
  const stream = client.query(copyFrom(sql))
  await new Promise<void>((resolve, reject) => {
    stream.on('finish', resolve)
    stream.on('error', (error) => {
      reject(error)
      // Within the event: afterwards it lets go of its connection, and would still try to end the COPY on it.
      stream.destroy()
    })
    stream.end(data)
  })
}

/**
 * Copies the rows that the database takes, within a transaction, and tells why it refuses each of the others.
 * Halves what is refused until single rows are left, so that a few bad rows cost a few dozen COPYs.
 */
export async function copyAcceptable(client: pg.ClientBase, { copyFrom: statement, rows }: TableRows): Promise<RefusedRow[]> {
  const data = rows.finish()
  const offsets = rowOffsets(data)
  const refused: RefusedRow[] = []
  const copy = async (first: number, end: number): Promise<void> => {
    const start = offsets[first] ?? 0
    const bytes = sliceRows(data, start, offsets[end] ?? start)
    const reason = await refusal(client, () => copyIn(client, statement, bytes))
    if (reason === undefined) return
    if (end - first === 1) {
      refused.push({ row: data.subarray(start, offsets[end]), reason })
      return
    }
    const middle = (first + end) >> 1
    await copy(first, middle)
    await copy(middle, end)
  }
  await copy(0, offsets.length - 1)
  return refused
}

export interface RefusedRow {
  /** As it was encoded. */
  row: Buffer
  reason: string
}

/** Does `work`, or undoes it and returns the reason when the database refuses what is in a row. */
export async function refusal(client: pg.ClientBase, work: () => Promise<void>): Promise<string | undefined> {
  await client.query('SAVEPOINT attempt')
  try {
    await work()
    await client.query('RELEASE attempt')
    return undefined
  } catch (error) {
    if (!isRowRefusal(error)) throw error
    await client.query('ROLLBACK TO attempt; RELEASE attempt')
    return `${messageOf(error)} (SQLSTATE ${error.code})`
  }
}
