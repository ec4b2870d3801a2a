/** The proof of a session, against the reading of its records, which it cannot be faster than. */

import { createPool } from '../../db/pool.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { verifySessions } from '../../db/verify/verify.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { measure, timed } from './harness.ts'
import { batches, contractOf } from './quotes.ts'

const ROWS = 500_000
const SESSION = 1

forEachEdition('the proof of a session', ({ name, createTapeDatabase }) => {
  let url: string | undefined

  measure({
    title: `verify a session in batches of 1000, on ${name}`,
    unit: 'rows/s',
    limit: 'reading its records',
    round: async () => {
      url ??= await recorded(await createTapeDatabase())
      const database = url
      const read = await timed(async () => {
        const reader = await openTapeReader({ url: database }, { sessionId: SESSION, includeQuarantined: true })
        let rows = 0
        for await (const records of reader.records()) rows += records.length
        return rows
      })
      const proved = await timed(async () => {
        let problems = 0
        for await (const proof of verifySessions({ url: database, query: { sessionId: SESSION } })) problems += proof.problemCount
        return problems
      })
      if (proved.result > 0) throw new Error(`the session has ${proved.result} problems`)
      return { ours: ROWS / proved.seconds, limit: ROWS / read.seconds }
    },
  })
})

async function recorded(url: string): Promise<string> {
  const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
  const store = createTickStore({ pool })
  for (const batch of batches(SESSION, ROWS, 1000)) await store.store(batch, contractOf)
  await pool.end()
  return url
}
