/** The database is away for hours of a trading day: the journal holds them, and hands everything over when it is back. */

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { expectWhole, numberedQuotes } from '../support/tape/account.ts'
import { startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, OPEN_US, SECOND_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { startPostgresProxy } from '../support/database/tcp-proxy.ts'

const HOUR_US = 3600 * SECOND_US
/** Six hours, ten quotes a second. */
const QUOTES = numberedQuotes(216_000, 100 * MS_US)

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

forEachEdition('a database that is away for four hours of tape time', (edition) => {
  it('has every tick exactly once and in order afterwards', async () => {
    const databaseUrl = await edition.createTapeDatabase()
    const proxy = await startPostgresProxy(databaseUrl)
    onTestFinished(() => proxy.close())
    const served = { startAfterLines: CONTRACTS.length, publishTime: true, speed: 2000 }
    const { gateway, port } = await room.serveFile(await room.write(tapeOf(QUOTES)), served)
    // Segments of an hour or so, of which all but the newest are read back from the disk.
    const journal = { batchRows: 1000, segmentBytes: 1 << 21 }
    const collector = await startCollecting({ port, databaseUrl: proxy.url(databaseUrl), journal, untilEndOfTape: true })
    const tapeReaches = (hours: number) =>
      collector.until(`hour ${hours}`, ({ marketTimeUs = 0 }) => marketTimeUs >= OPEN_US + hours * HOUR_US)
    await tapeReaches(1)
    proxy.cut()
    const { counts } = await tapeReaches(5)
    const { received, written } = counts
    expect(counts.inFlight).toBeGreaterThan(2 * 36_000)
    const startedMs = performance.now()
    proxy.resume()
    const drained = await collector.until('all that waited is written', ({ counts }) => counts.written + counts.quarantined >= received)
    const seconds = (performance.now() - startedMs) / 1000
    const ticks = drained.counts.written - written
    console.log(
      `${edition.name}: ${ticks} ticks in ${seconds.toFixed(1)} s after the outage: ${Math.round(ticks / seconds)} ticks/s, while it recorded on`,
    )

    const { ticksServed } = await gateway.ended
    const ended = await collector.end()
    expect(ended.counts).toMatchObject({ received: ticksServed, inFlight: 0, gaps: 0 })
    const account = await expectWhole({ databaseUrl, dataDirs: [collector.dataDir], quotes: QUOTES, ticksServed })
    expect(account).toMatchObject({ missing: [], gaps: [] })
  })
})
