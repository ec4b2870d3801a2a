/** COPY … FROM STDIN BINARY of rows that were encoded before: many COPYs in one message, one, or row by row. */

import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

import { type CopyPart, rowOffsets, sliceRows } from '../copy-buffer.ts'
import type { TableRows } from './copy-encode.ts'
import { isRowRefusal, messageOf } from '../sqlstates.ts'

/**
 * Runs `sql`, of which one statement is COPY … FROM STDIN BINARY, and sends it `data`. Returns when all of `sql` is done: rows that were taken.
 *
 * @throws pg.DatabaseError what the server answers, Error when the connection breaks
 */
export async function copyIn(client: pg.ClientBase, sql: string, data: Buffer): Promise<number> {
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
  return stream.rowCount
}

/**
 * Runs `before`, copies all rows of `tables` and runs `after`, in one message to the server and one answer. The data is sent without
 * waiting for each COPY to begin; a server that has refused something passes over the rest of it, as the protocol says.
 *
 * @returns rows that the server took of each table: fewer than were sent when a trigger skipped some
 * @throws pg.DatabaseError what the server answers, Error when the connection breaks
 */
export async function copyTables(client: pg.ClientBase, before: string, tables: readonly TableRows[], after: string): Promise<number[]> {
  const copies = tables.flatMap(({ copyFrom: statement, rows }, table) => rows.parts().map((part) => ({ table, statement, part })))
  const sql = [before, ...copies.map(({ statement }) => statement), after].filter(Boolean).join('; ')
  const taken = await new Promise<number[]>((resolve, reject) => {
    client.query(
      new Copies(
        sql,
        copies.map(({ part }) => part),
        resolve,
        reject,
      ),
    )
  })
  return tables.map((_, table) => taken.reduce((sum, rows, i) => (copies[i]?.table === table ? sum + rows : sum), 0))
}

/** pg-copy-streams sends one COPY in a message; this sends many. Its methods are what pg calls while a query is active. */
class Copies implements pg.Submittable {
  readonly #sql: string
  readonly #parts: readonly CopyPart[]
  readonly #resolve: (takenRows: number[]) => void
  readonly #reject: (error: Error) => void
  readonly #takenRows: number[] = []
  #sent = false

  constructor(sql: string, parts: readonly CopyPart[], resolve: (takenRows: number[]) => void, reject: (error: Error) => void) {
    this.#sql = sql
    this.#parts = parts
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#sql)
  }

  handleCopyInResponse({ stream }: pg.Connection): void {
    if (this.#sent) return
    this.#sent = true
    stream.cork()
    for (const bytes of this.#parts) {
      const head = Buffer.from(COPY_DATA)
      head.writeInt32BE(4 + bytes.reduce((sum, { length }) => sum + length, 0), 1)
      for (const piece of [head, ...bytes, COPY_DONE]) stream.write(piece)
    }
    stream.uncork()
  }

  handleCommandComplete({ text }: { text: string }): void {
    if (text.startsWith('COPY ')) this.#takenRows.push(Number(text.slice(5)))
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#takenRows)
  }

  handleError(error: Error): void {
    this.#reject(error)
  }
}

/** Frontend messages: type and length, which counts itself. */
const COPY_DATA = Buffer.from('d\0\0\0\0', 'latin1')
const COPY_DONE = Buffer.from('c\0\0\0\x04', 'latin1')

/**
 * Copies the rows that the database accepts, within a transaction, and reports the reason for each one that it refuses.
 * Halves what is refused until single rows are left, so that a few bad rows cost a few dozen COPYs.
 *
 * @param onRefused gets each refused row as it was encoded
 * @returns rows that were taken
 */
export async function copyAcceptable(
  client: pg.ClientBase,
  { copyFrom: statement, rows }: TableRows,
  onRefused: (row: Buffer, reason: string) => void,
): Promise<number> {
  const data = rows.finish()
  const offsets = rowOffsets(data)
  let taken = 0
  const copy = async (first: number, end: number): Promise<void> => {
    const start = offsets[first] ?? 0
    const bytes = sliceRows(data, start, offsets[end] ?? start)
    const reason = await refusal(client, async () => {
      taken += await copyIn(client, statement, bytes)
    })
    if (reason === undefined) return
    if (end - first === 1) {
      onRefused(data.subarray(start, offsets[end]), reason)
      return
    }
    const middle = (first + end) >> 1
    await copy(first, middle)
    await copy(middle, end)
  }
  await copy(0, offsets.length - 1)
  return taken
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
