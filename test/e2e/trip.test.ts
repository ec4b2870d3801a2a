/** A day goes the whole way: tape, gateway, wire, @stoqey/ib, collector, journal, COPY, tables, reader. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { importTape } from '../../db/tape/importers/import-tape.ts'
import { tapeInfo } from '../../db/tape/inspect.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { expectEveryChange } from '../support/tape/changed-rows.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../support/data.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { recordTape, type Served, TICK_BY_TICK_LINES } from '../support/process/recording.ts'

const TWX_TAPE = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const TRIP_MS = 120_000

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-trip-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/**
 * Records the tape, or a session that was recorded of it, on a new database and compares what the gateway, the collector and the tables
 * say of it.
 */
async function expectTrip(tape: string, symbol: string, databaseUrl: string, source: Served = tape): Promise<void> {
  const { instruments } = await tapeInfo(tape)
  const { served, collected } = await recordTape({ tape: source, databaseUrl, symbol, lines: instruments })
  expect(collected.received).toBe(served.ticksServed)
  expect(collected.written + collected.quarantined + collected.dropped).toBe(collected.received)
  expect(collected).toMatchObject({ dropped: 0, inFlight: 0, gaps: 0, cause: 'end-of-tape' })

  const reader = await openTapeReader({ url: databaseUrl }, { sessionId: 'latest', includeQuarantined: true })
  expect(reader.session.sessionId).toBe(collected.sessionId)
  expect(reader.contracts.size).toBe(instruments)
  await expectEveryChange(tape, reader.contracts, reader.ticks())
}

forEachEdition('a recorded day', (edition) => {
  it(
    'has every changed row of the shipped day as a quote, in order, within the sampling interval; so has a recording of the recording',
    async () => {
      const [first, second] = [await edition.createDatabase(), await edition.createDatabase()]
      await expectTrip(TWX_TAPE, 'TWX', first)
      await expectTrip(TWX_TAPE, 'TWX', second, { databaseUrl: first })
    },
    TRIP_MS,
  )

  it(
    'of an index that is named on the command line is one of an index and its options',
    async () => {
      const [values, chain, tape] = ['spx_20140605_trade_tick.csv', 'chain.csv', 'spx.tape'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ]
      await writeFile(
        values,
        Array.from({ length: 200 }, (_, i) => `${34_200_000 + i * 1000},${19_400_000 + i * 100},0,CBOE,,0\n`).join(''),
      )
      const rows = ['SPX,20150116', 'SPXW,20140613'].map((option) => `20140605,34200000,${option},1900,C,45.1,10,46.2,12`)
      await writeFile(chain, ['date,ms_of_day,underlying,expiry,strike,right,bid,bid_size,ask,ask_size', ...rows, ''].join('\n'))
      const { instruments } = await importTape({ sources: [values, chain], out: tape })
      const databaseUrl = await edition.createDatabase()
      // An index has no lines tick by tick.
      const { collected } = await recordTape({ tape, databaseUrl, symbol: 'SPX', lines: instruments - TICK_BY_TICK_LINES })
      expect(collected).toMatchObject({ dropped: 0, gaps: 0, cause: 'end-of-tape' })
      const reader = await openTapeReader({ url: databaseUrl }, { sessionId: 'latest' })
      expect([...reader.contracts.values()].map(({ kind, symbol }) => `${kind} ${symbol}`).toSorted()).toEqual([
        'index SPX',
        'option SPX',
        'option SPX',
      ])
    },
    TRIP_MS,
  )

  describe.skipIf(!hasSharedData)(`from the data beside the checkout${withSharedData}`, () => {
    it(
      'has every changed row of FOXA 2013-07-02, which no code knows',
      async () => {
        const tape = join(folder, 'foxa.tape')
        const quotes = join(SHARED_DATA, 'option-quotes')
        const sources = [join(quotes, 'foxa_20130702_quotes_1min.csv.gz'), join(quotes, 'underlying', 'foxa_20130702_quote_1min.csv')]
        await importTape({ sources, out: tape })
        await expectTrip(tape, 'FOXA', await edition.createDatabase())
      },
      TRIP_MS,
    )
  })
})
