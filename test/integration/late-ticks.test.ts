/** Bars that are stored have the ticks that came behind them. Elsewhere bars are views, which have every tick. */

import { afterAll, beforeAll, expect, it } from 'vitest'

import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { ask, startCollecting } from '../support/process/collecting.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  // Four minutes, so that some are over while others come.
  tape = await room.write(tapeOf(busyQuotes(2000, 120 * MS_US)))
})
afterAll(() => room.clear())

const BARS = 'SELECT instrument_id::int AS instrument, sum(quotes)::int AS quotes FROM quote_bars_1m GROUP BY 1 ORDER BY 1'
const TICKS = `SELECT instrument_id::int AS instrument, count(*)::int AS quotes FROM quotes
  WHERE marks IS NULL OR marks NOT LIKE '%initial%' GROUP BY 1 ORDER BY 1`

forEachEdition('a day of years ago that is recorded twice', (edition) => {
  it('is in the bars with both recordings when each has ended', async () => {
    const databaseUrl = await edition.createDatabase()
    for (const recordings of [1, 2]) {
      const { port } = await room.serveFile(tape, { startAfterLines: CONTRACTS.length, publishTime: true })
      const collecting = await startCollecting({ port, databaseUrl, untilEndOfTape: true })
      await collecting.end()
      const [{ edition: found } = { edition: '' }] = await ask<{ edition: string }>(
        databaseUrl,
        "SELECT coalesce(current_setting('timescaledb.license', true), '') AS edition",
      )
      const said = collecting.logged.map(({ msg }) => msg)
      if (found === 'timescale') expect(said).toContain('bars of ticks that came late were computed anew')
      else expect(said.filter((message) => message.includes('came late'))).toEqual([])
      const bars = await ask<{ quotes: number }>(databaseUrl, BARS)
      expect(bars).toEqual(await ask(databaseUrl, TICKS))
      expect(bars.reduce((sum, { quotes }) => sum + quotes, 0)).toBeGreaterThan(1900 * recordings)
    }
    expect(await ask(databaseUrl, "SELECT count(DISTINCT date_trunc('minute', ts))::int AS minutes FROM quotes")).toEqual([{ minutes: 4 }])
  })
})
