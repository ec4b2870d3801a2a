/** The shipped day goes the whole way beside a fault script, from the command line: what the script kept back is one gap in the database. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { ask, folderForTest } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { recordTape } from '../support/process/recording.ts'
import { GAPS_BEHIND_START } from '../support/database/gaps.ts'

const TAPE = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const LINES = 185
const TRIP_MS = 120_000

forEachEdition('a day with an outage of IB', (edition) => {
  it(
    'has the outage as a gap, nothing within it, and every tick outside of it',
    async () => {
      const script = join(await folderForTest(), 'outage.yaml')
      await writeFile(
        script,
        `faults:
  - { kind: notice, at: 2014-06-05T14:00:30Z, code: 1100 }
  - { kind: silence, at: 2014-06-05T14:00:30Z, tapeSeconds: 600 }
  - { kind: notice, at: 2014-06-05T14:10:30Z, code: 1102 }
`,
      )
      const databaseUrl = await edition.createDatabase()
      const { served, collected } = await recordTape({
        tape: TAPE,
        databaseUrl,
        symbol: 'TWX',
        lines: LINES,
        gatewayArgs: ['--faults', script],
      })
      expect(collected.received).toBe(served.ticksServed)
      expect(collected).toMatchObject({ dropped: 0, inFlight: 0, gaps: 1, cause: 'end-of-tape' })
      expect(
        await ask(
          databaseUrl,
          `SELECT cause, from_ts BETWEEN '2014-06-05T14:00:00Z' AND '2014-06-05T14:00:30Z' AS "beginsWithIt",
             to_ts >= '2014-06-05T14:10:30Z' AS "endsBehindIt",
             (SELECT count(*)::int FROM quotes WHERE ts > from_ts AND ts < '2014-06-05T14:10:30Z') AS quotes FROM ${GAPS_BEHIND_START}`,
        ),
      ).toEqual([{ cause: 'ib-1100', beginsWithIt: true, endsBehindIt: true, quotes: 0 }])
      const [{ before, behind } = { before: 0, behind: 0 }] = await ask<{ before: number; behind: number }>(
        databaseUrl,
        `SELECT count(*) FILTER (WHERE ts < '2014-06-05T14:00:30Z')::int AS before,
           count(*) FILTER (WHERE ts > '2014-06-05T14:10:30Z')::int AS behind FROM quotes`,
      )
      expect([before > 0, behind > 0]).toEqual([true, true])
    },
    TRIP_MS,
  )
})
