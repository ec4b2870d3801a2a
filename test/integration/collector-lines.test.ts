/** Which lines a collector opens when not all can be, and what the database says of every line that was held. */

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { openTapeReader } from '../../db/read/tape-reader.ts'
import type { Contract, OptionContract } from '../../market/contract.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, folderForTest, startCollecting, TWX_CHAIN } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import {
  CONTRACTS,
  MS_US,
  marketDataRequest,
  NO_LIMITS,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { startCollector } from '../support/process/recording.ts'
import { GAPS_BEHIND_START } from '../support/database/gaps.ts'

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
  it('records on when the gateway has one too few, says so, and asks over the next link for as many as it had', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, { lines: LINES - 1, startAfterLines: LINES - 1, publishTime: true, speed: 10 })
    const proxy = await startGatewayProxy(port)
    onTestFinished(() => proxy.close())
    const collector = await startCollecting({ port: proxy.port, databaseUrl })
    expect(await collector.said('no more market-data lines')).toMatchObject({ level: 40, lines: LINES - 1, waiting: 1 })
    await collector.until('ticks are written', ({ counts }) => counts.written > 100)
    expect(collector.progress).toMatchObject({
      linesWanted: LINES,
      marketData: { open: LINES - 1, 'no-line': 1 },
      counts: { lines: LINES - 1, gaps: 0 },
    })

    proxy.cut()
    await collector.until('the loss is noticed', ({ counts }) => counts.lines === 0)
    proxy.resume()
    await collector.until('the gap is named, though one line stays closed', ({ counts }) => counts.gaps === 1)
    expect(collector.progress.counts.lines).toBe(LINES - 1)
    await collector.stop()
    expect(proxy.marketDataRequests).toHaveLength(LINES + LINES - 1)
    expect(await heldInstruments(databaseUrl)).toHaveLength(2 * (LINES - 1))
  })

  it('gets a line that another client gives back', async () => {
    const { port } = await room.serveFile(tape, { lines: LINES, publishTime: true, speed: 10 })
    const watchlist = await RawTwsClient.connect({ port, clientId: 3 })
    watchlist.send(...marketDataRequest(1, TWX))
    await watchlist.frame('58|1|1')
    const lineDelays = { lineMs: 100 }
    const collector = await startCollecting({ port, databaseUrl: await edition.createDatabase(), gateway: { lineDelays } })
    await collector.said('no more market-data lines')
    await watchlist.close()
    expect(await collector.said('every contract has a market-data line')).toMatchObject({ lines: LINES })
    await collector.until('all lines are open', ({ marketData }) => marketData.open === LINES)
    await collector.stop()
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
       FROM line_holds h WHERE feed IS NULL ORDER BY session_id, opened_seq`,
    )
    expect(holds.map(({ cause }) => cause)).toEqual([...Array(LINES).fill('crash'), ...Array(LINES).fill('stopped')])
    expect(holds.map(({ whole }) => whole)).toEqual(Array(2 * LINES).fill(true))
    // The last record is the proof; a tick may well be it.
    for (const { until, last } of holds) expect(until).toBeGreaterThanOrEqual(last)
    const [gap] = await ask<{ cause: string; from: number }>(
      databaseUrl,
      `SELECT cause, extract(epoch FROM from_ts)::float8 AS from FROM ${GAPS_BEHIND_START}`,
    )
    expect(gap).toEqual({ cause: 'collector-crash', from: holds[0]?.until })
  })
})

forEachEdition('a stock that is recorded tick by tick', (edition) => {
  const underlyings = [{ ...TWX_CHAIN, tickByTick: true }]

  it('falls back to sampled data where the gateway has no room for more, and says so once', async () => {
    const databaseUrl = await edition.createDatabase()
    const quotes = busyQuotes(2000, 100 * MS_US)
    // The market-data lines and one line of trades.
    const limits = { ...NO_LIMITS, tickByTick: 1 }
    const { port, gateway } = await room.serve(tapeOf(quotes), { startAfterLines: LINES + 1, publishTime: true, sampling: true, limits })
    const collector = await startCollecting({ port, databaseUrl, underlyings, untilEndOfTape: true })
    const { counts } = await collector.end()

    expect(counts).toMatchObject({ received: gateway.totals().ticksServed, gaps: 0, inFlight: 0 })
    expect(collector.logged.filter(({ msg }) => msg.includes('not served tick by tick'))).toMatchObject([
      { level: 30, contract: 'TWX', code: 10190 },
    ])
    const [report] = collector.progress.entitlements.filter(({ kind }) => kind === 'tick-by-tick')
    expect(report).toMatchObject({ symbol: 'TWX', asked: 2, refused: 1, reasons: [{ code: 10190 }] })
  })

  it('has every quote of the tape beside the sampled ones, each line with a hold of its own', async () => {
    const databaseUrl = await edition.createDatabase()
    const quotes = busyQuotes(2000, 50 * MS_US)
    const { port, gateway } = await room.serve(tapeOf(quotes), { startAfterLines: LINES + 2, publishTime: true, sampling: true })
    const collector = await startCollecting({ port, databaseUrl, underlyings, untilEndOfTape: true })
    const { counts } = await collector.end()

    expect(counts).toMatchObject({ received: gateway.totals().ticksServed, written: counts.received, gaps: 0 })
    const [stock] = await ask<{ every: number; sampled: number }>(
      databaseUrl,
      `SELECT (count(*) FILTER (WHERE source = 'tick-by-tick'))::int AS every, (count(*) FILTER (WHERE source IS NULL))::int AS sampled
       FROM quotes JOIN instruments USING (instrument_id) WHERE kind = 'stock'`,
    )
    expect(stock?.every).toBe(quotes.length / LINES)
    expect(stock?.sampled).toBeLessThan(stock?.every ?? 0)
    // There was no trade on the tape, and a tick-by-tick line is held from its first tick on.
    expect(await ask(databaseUrl, 'SELECT feed, count(*)::int AS holds FROM line_holds GROUP BY feed ORDER BY feed')).toEqual([
      { feed: 'tick-by-tick-quotes', holds: 1 },
      { feed: null, holds: LINES },
    ])
  })
})

forEachEdition('a collector whose data is delayed', (edition) => {
  const DELAYED = tapeOfDelayed()

  it('records none of it unless configured to, and says what to do', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serve(DELAYED, { publishTime: true, speed: 10 })
    const collector = await startCollecting({ port, databaseUrl })
    expect(await collector.said('set gateway.marketDataType to delayed')).toMatchObject({ level: 40 })
    await collector.until('every line is refused', ({ marketData }) => marketData.refused === LINES)
    expect(await collector.stop()).toMatchObject({ counts: { received: 0, lines: 0 } })
  })

  it('marks every row of it when configured to record it', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port, gateway } = await room.serve(DELAYED, { startAfterLines: LINES, publishTime: true })
    const collector = await startCollecting({ port, databaseUrl, gateway: { marketDataType: 3 }, untilEndOfTape: true })
    const { counts } = await collector.end()
    expect(counts).toMatchObject({ received: gateway.totals().ticksServed, written: counts.received })
    expect(await ask(databaseUrl, 'SELECT delayed, count(*)::int AS quotes FROM quotes GROUP BY delayed')).toEqual([
      { delayed: true, quotes: counts.received },
    ])
    expect(collector.progress.entitlements.map(({ kind, asked, delayed }) => ({ kind, asked, delayed }))).toEqual([
      { kind: 'stock', asked: 1, delayed: 1 },
      { kind: 'option', asked: LINES - 1, delayed: LINES - 1 },
    ])
  })

  function tapeOfDelayed() {
    return tapeOf(busyQuotes(400, 100 * MS_US).map((quote) => ({ ...quote, delayed: true as const })))
  }
})

forEachEdition('the price grid of a contract', (edition) => {
  it('is kept with the instrument', async () => {
    const databaseUrl = await edition.createDatabase()
    const grid = [
      { from: 0, increment: 0.05 },
      { from: 3, increment: 0.1 },
    ]
    const contracts = CONTRACTS.map((contract) => (contract.kind === 'option' ? { ...contract, priceGrid: grid } : contract))
    const { port } = await room.serve(tapeOf(busyQuotes(400, 100 * MS_US), contracts), { startAfterLines: LINES, publishTime: true })
    await (await startCollecting({ port, databaseUrl, untilEndOfTape: true })).end()
    expect(await ask(databaseUrl, 'SELECT DISTINCT kind, price_grid FROM instruments ORDER BY kind')).toEqual([
      { kind: 'option', price_grid: grid },
      { kind: 'stock', price_grid: [{ from: 0, increment: 0.01 }] },
    ])
    const { contracts: read } = await openTapeReader({ url: databaseUrl }, { sessionId: 'latest' })
    expect([...read.values()].find(({ kind }) => kind === 'option')?.priceGrid).toEqual(grid)
  })
})
