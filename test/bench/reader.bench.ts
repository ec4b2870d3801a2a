/**
 * The tape reader, down to ticks in order, against the COPY of the same query whose bytes are thrown away; and out of the columnstore against
 * the same rows, on the server that TEST_DATABASE_URL names, which has to be TimescaleDB Community.
 */

import type { Submittable } from 'pg'

import { quoteDecoder } from '../../db/read/copy-decode.ts'
import { connectClient } from '../../db/pool.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { measure, timed } from './harness.ts'
import { countTicks, recorded, ROWS } from './recorded-quotes.ts'

const QUERY = `COPY (SELECT ${quoteDecoder.select} FROM quotes WHERE session_id = 1 AND ts >= '2014-06-05' AND ts < '2014-06-07'
  ORDER BY ts, seq) TO STDOUT BINARY`

forEachEdition('the reader', ({ name, createTapeDatabase }) => {
  let url: string | undefined

  measure({
    title: `reader of ${ROWS} quotes in order, on ${name}`,
    unit: 'ticks/s',
    limit: 'COPY of the same query, thrown away',
    round: async () => {
      url ??= await recorded(createTapeDatabase)
      const copy = await timed(() => throwAway(url ?? ''))
      const ours = await timed(() => countTicks(url ?? ''))
      return { ours: ours.result / ours.seconds, limit: copy.result / copy.seconds }
    },
  })

  if (name !== 'TEST_DATABASE_URL') return
  let compressed: string | undefined
  measure({
    title: `reader of ${ROWS} quotes out of the columnstore, on ${name}`,
    unit: 'ticks/s',
    limit: 'the same out of rows',
    round: async () => {
      url ??= await recorded(createTapeDatabase)
      compressed ??= await recorded(createTapeDatabase, 'SELECT compress_chunk(chunk) FROM show_chunks($$quotes$$) AS chunk')
      const rows = await timed(() => countTicks(url ?? ''))
      const ours = await timed(() => countTicks(compressed ?? ''))
      return { ours: ours.result / ours.seconds, limit: rows.result / rows.seconds }
    },
  })
})

async function throwAway(url: string): Promise<number> {
  const client = await connectClient(url)
  await client.query('BEGIN; SET LOCAL jit = off; SET LOCAL enable_sort = off')
  const rows = await new Promise<number>((resolve, reject) => {
    client.query(new Discard(QUERY, resolve, reject))
  })
  await client.end()
  return rows
}

/** A COPY … TO STDOUT that looks at none of the data. */
class Discard implements Submittable {
  readonly #sql: string
  readonly #resolve: (rows: number) => void
  #rows = 0
  readonly handleError: (error: Error) => void

  constructor(sql: string, resolve: (rows: number) => void, reject: (error: Error) => void) {
    this.#sql = sql
    this.#resolve = resolve
    this.handleError = reject
  }

  submit(connection: { query(sql: string): void }): void {
    connection.query(this.#sql)
  }

  handleCopyData(): void {}

  handleCommandComplete({ text }: { text: string }): void {
    this.#rows = Number(text.split(' ')[1])
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows)
  }
}
