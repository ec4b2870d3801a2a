/** A database of quotes to read from. */

import { createPool } from '../../db/pool.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { batches, contractOf } from './quotes.ts'

/** ROWS=5000000 for a busy day; all of them are of one day. */
export const ROWS = Number(process.env['ROWS'] ?? 1_000_000)
const SPACING_US = Math.floor(20_000_000_000 / ROWS)

/** A database of its own with session 1 of so many quotes of options, to which `afterwards` was done. Returns its URL. */
export async function recorded(createTapeDatabase: () => Promise<string>, afterwards = 'SELECT'): Promise<string> {
  const url = await createTapeDatabase()
  const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
  const store = createTickStore({ pool })
  for (const batch of batches(1, ROWS, 5000, SPACING_US)) await store.store(batch, contractOf)
  await pool.withClient((client) => client.query(afterwards))
  await pool.withClient((client) => client.query('VACUUM ANALYZE quotes'))
  await pool.end()
  return url
}

/** Reads them in order. */
export async function countTicks(url: string): Promise<number> {
  const reader = await openTapeReader({ url }, { sessionId: 1 })
  let ticks = 0
  for await (const chunk of reader.ticks()) ticks += chunk.length
  return ticks
}
