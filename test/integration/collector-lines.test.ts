/** Which lines a collector opens when not all can be, and what the database says of every line that was held. */

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import type { Contract, OptionContract } from '../../market/contract.ts'
import { busyQuotes } from '../support/busy-tape.ts'
import { ask, folderForTest, startCollecting, TWX_CHAIN } from '../support/collecting.ts'
import { forEachEdition } from '../support/databases.ts'
import { startGatewayProxy } from '../support/gateway-proxy.ts'
import { CONTRACTS, MS_US, quoteAt, SECOND_US, type TapeRoom, TWX, tapeOf, tapeRoom } from '../support/gateway-tape.ts'
import { startCollector } from '../support/recording.ts'

const LINES = CONTRACTS.length

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(busyQuotes(100_000, 10 * MS_US)))
})
afterAll(() => room.clear())

const call = (symbol: string, strike: number): OptionContract => ({
  kind: 'option',
  symbol,
  currency: 'USD',
  expiry: '2014-06-21',
  strike,
  right: 'C',
  multiplier: 100,
  tradingClass: symbol,
})

const heldInstruments = (databaseUrl: string) =>
  ask<{ symbol: string; strike: number | null }>(
    databaseUrl,
    'SELECT symbol, strike FROM line_holds JOIN instruments USING (instrument_id) ORDER BY opened_seq',
  )

forEachEdition('a collector with more contracts than lines', (edition) => {
  it('records on when the gateway refuses one too many, says which, and asks again over the next link', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, { lines: LINES - 1, startAfterLines: LINES - 1, publishTime: true, speed: 10 })
    const proxy = await startGatewayProxy(port)
    onTestFinished(() => proxy.close())
    const collector = await startCollecting({ port: proxy.port, databaseUrl })
    expect(await collector.said('the gateway does not serve a line')).toMatchObject({ level: 40, code: 101, contract: expect.any(String) })
    await collector.until('ticks are written', ({ counts }) => counts.written > 100)
    expect(collector.progress).toMatchObject({ linesWanted: LINES, counts: { lines: LINES - 1, gaps: 0 } })

    proxy.cut()
    await collector.until('the loss is noticed', ({ counts }) => counts.lines === 0)
    proxy.resume()
    await collector.until('the hole is named, though one line stays closed', ({ counts }) => counts.gaps === 1)
    expect(collector.progress.counts.lines).toBe(LINES - 1)
    await collector.stop()
    expect(proxy.marketDataRequests).toHaveLength(2 * LINES)
    expect(await heldInstruments(databaseUrl)).toHaveLength(2 * (LINES - 1))
  })

  it('takes the options nearest the money of each underlying, by the price that each has now', async () => {
    const stocks: Contract[] = [TWX, { kind: 'stock', symbol: 'FOXA', currency: 'USD', primaryVenue: 'NASDAQ' }]
    // The middle of neither chain is its money.
    const strikes = { TWX: [50, 55, 60, 65, 70], FOXA: [35, 40, 45, 50, 55] }
    const chains = [...strikes.TWX.map((strike) => call('TWX', strike)), ...strikes.FOXA.map((strike) => call('FOXA', strike))]
    const quotes = Array.from({ length: 1000 }, (_, second) => [
      quoteAt(second * SECOND_US, 0, [70, 1 + second], [70.05, 2]),
      quoteAt(second * SECOND_US + MS_US, 1, [35, 1 + second], [35.05, 2]),
    ]).flat()
    const { port } = await room.serve(tapeOf(quotes, [...stocks, ...chains]), { startAfterLines: 2, publishTime: true, speed: 10 })
    const databaseUrl = await edition.createDatabase()
    const collector = await startCollecting({
      port,
      databaseUrl,
      // Either chain alone would fit.
      gateway: { lines: 6 },
      underlyings: ['TWX', 'FOXA'].map((symbol) => ({ ...TWX_CHAIN, symbol })),
    })
    expect(await collector.said('more contracts than market-data lines')).toMatchObject({ level: 40, wanted: 12, lines: 6 })
    await collector.until('the lines are open', ({ counts }) => counts.lines === 6)
    await collector.stop()

    expect(await heldInstruments(databaseUrl)).toEqual([
      { symbol: 'TWX', strike: null },
      { symbol: 'FOXA', strike: null },
      { symbol: 'TWX', strike: 70 },
      { symbol: 'FOXA', strike: 35 },
      { symbol: 'TWX', strike: 65 },
      { symbol: 'FOXA', strike: 40 },
    ])
  })
})

forEachEdition('every line that a collector held', (edition) => {
  it('has an opening and a closing in the database, after a kill as after a stop', async () => {
    const databaseUrl = await edition.createDatabase()
    const dataDir = await folderForTest()
    const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 10 })
    const victim = startCollector({ port, dataDir, databaseUrl, symbol: 'TWX' })
    onTestFinished(() => victim.kill('SIGKILL'))
    await new Promise<void>((resolve, reject) => {
      victim.onEvent<{ written: number }>('progress', ({ written }) => written > 100 && resolve())
      victim.succeeded().then(() => reject(new Error('the recording was over before the kill')), reject)
    }).catch((error: unknown) => expect.unreachable(String(error)))
    victim.kill('SIGKILL')
    await victim.exited
    const successor = await startCollecting({ port, databaseUrl, dataDir })
    await successor.until('it has written what was left and records on', ({ counts }) => counts.written > 100 && counts.lines === LINES)
    const { counts } = await successor.stop('stopped')
    expect(counts.recovered.committed).toBe(counts.recovered.found)

    const holds = await ask<{ session_id: string; cause: string; whole: boolean; until: number; last: number }>(
      databaseUrl,
      `SELECT session_id, cause, opened_ts <= until_ts AND until_ts <= closed_ts AS whole,
         extract(epoch FROM until_ts)::float8 AS until, (SELECT extract(epoch FROM max(ts))::float8 FROM quotes q WHERE q.session_id = h.session_id) AS last
       FROM line_holds h ORDER BY session_id, opened_seq`,
    )
    expect(holds.map(({ cause }) => cause)).toEqual([...Array(LINES).fill('crash'), ...Array(LINES).fill('stopped')])
    expect(holds.map(({ whole }) => whole)).toEqual(Array(2 * LINES).fill(true))
    // The last record is the proof; a tick may well be it.
    for (const { until, last } of holds) expect(until).toBeGreaterThanOrEqual(last)
    const [gap] = await ask<{ cause: string; from: number }>(
      databaseUrl,
      'SELECT cause, extract(epoch FROM from_ts)::float8 AS from FROM feed_gaps',
    )
    expect(gap).toEqual({ cause: 'collector-crash', from: holds[0]?.until })
  })
})
