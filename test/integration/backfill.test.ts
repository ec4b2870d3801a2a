/** Bars out of a gateway's history into the database: all of them, once, within IB's limits, through lost links and odd answers. */

import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'

import { backfill, type BackfillOptions } from '../../collector/backfill/backfill.ts'
import { historyWindows } from '../../collector/backfill/pacing.ts'
import { connectClient } from '../../db/pool.ts'
import { BarBuilder } from '../../market/bar.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import type { Contract } from '../../market/contract.ts'
import type { Quote, TapeRecord, Trade } from '../../market/tick.ts'
import { usFromIso } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, JUNE_70_CALL, SECOND_US, type TapeRoom, TWX, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { type GatewayProxy, startGatewayProxy } from '../support/gateway/gateway-proxy.ts'

/** Of the ten minutes of IB: a gateway that measures as fast. */
const SCALE = 0.0005
const SESSIONS = nyse.sessions('2014-06-02', '2014-06-06')
const SERVICE = 'Historical Market Data Service error message:'
const HISTORICAL_DATA = '20'

/** A trade every ten minutes, and a quote before it. */
function ticks(): TapeRecord[] {
  return SESSIONS.flatMap(({ openUs }, day) =>
    Array.from({ length: 39 }, (_, i): TapeRecord[] => {
      const tsUs = openUs + i * 600 * SECOND_US
      const price = 70 + day + i / 100
      const quote: Quote = { kind: 'quote', seq: 0, tsUs, instrument: 0, bidPrice: price - 0.01, bidSize: 1, askPrice: price, askSize: 1 }
      const trade: Trade = { kind: 'trade', seq: 0, tsUs: tsUs + 10, instrument: 0, price, size: 100, source: 'import', venue: 'NYSE' }
      return [quote, trade]
    }).flat(),
  )
}

forEachEdition('a backfill of bars', ({ createTapeDatabase }) => {
  let room: TapeRoom
  let port: number
  let url: string
  let proxy: GatewayProxy
  /** What was asked for: end, length and duration. */
  let asked: string[]
  beforeAll(async () => {
    room = await tapeRoom()
    const limits = { messagesPerSecond: 0, historyPacing: true, historyPacingScale: SCALE }
    const { gateway } = await room.serve(tapeOf(ticks(), CONTRACTS), { startAfterLines: 0, limits })
    await gateway.ended
    port = gateway.port
  })
  afterAll(() => room.clear())
  beforeEach(async () => {
    url = await createTapeDatabase()
    proxy = await startGatewayProxy(port)
    asked = []
    answerWith(() => undefined)
    onTestFinished(() => proxy.close())
  })

  /** `answer` stands in for the gateway where it returns something. */
  function answerWith(answer: (reqId: string, times: number) => (string | number)[] | undefined): void {
    proxy.answer = ([type, reqId = '', ...fields]) => {
      if (type !== HISTORICAL_DATA) return undefined
      // Behind the twelve fields of the contract and includeExpired.
      const what = fields.slice(13, 16).join(' ')
      asked.push(what)
      return answer(reqId, asked.filter((one) => one === what).length)
    }
  }

  function fill(more: Partial<BackfillOptions['range']> = {}, options: Partial<BackfillOptions> = {}, contract: Contract = TWX) {
    return backfill({
      url,
      gateway: {
        host: '127.0.0.1',
        port: proxy.port,
        handshakeTimeoutMs: 5000,
        heartbeatMs: 60_000,
        messagesPerSecond: 1000,
        lines: 5000,
        retryDelays: { firstMs: 1 },
      },
      wanted: [{ contract, exchange: 'SMART' }],
      range: { from: '2014-06-02', to: '2014-06-07', series: 'trades', seconds: 60, ...more },
      windows: historyWindows(SCALE),
      nowUs: usFromIso('2014-06-10T12:00:00Z'),
      ...options,
    })
  }

  async function rows(sql: string): Promise<Record<string, unknown>[]> {
    const client = await connectClient(url)
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }
  const BARS = `SELECT (extract(epoch FROM start_ts) * 1000000)::float8 AS us, session_date::text, open, high, low, close, volume, vwap, trades::int, source
    FROM bars WHERE bar_seconds = 60 ORDER BY start_ts`

  /** What the trades make. */
  function expectedBars() {
    const builder = new BarBuilder(60, nyse.zone)
    for (const tick of ticks()) if (tick.kind === 'trade') builder.addTrade(tick.tsUs, tick.price, tick.size ?? 0)
    return builder.bars.map(({ startUs, vwap, ...figures }) => ({
      us: startUs,
      session_date: nyse.zone.dateOf(startUs),
      ...figures,
      vwap,
      source: 'broker',
    }))
  }
  const withoutStart = (bars: readonly object[]) =>
    bars.map((bar) => Object.fromEntries(Object.entries(bar).filter(([name]) => name !== 'startUs')))

  it('stores the bars that the trades make, with as many requests as were planned, and asks for none of them again', async () => {
    const plan = await fill({}, { dryRun: true })
    expect(asked).toEqual([])
    const report = await fill()
    expect(report).toMatchObject({ requests: 5, sent: plan.requests, finished: 5, refused: [], interrupted: false })
    expect(asked).toHaveLength(plan.requests)
    expect(await rows(BARS)).toEqual(withoutStart(expectedBars()))
    expect(await rows("SELECT calendar FROM instruments WHERE key = 'stock:TWX:USD'")).toEqual([{ calendar: 'XNYS' }])
    expect(await fill()).toMatchObject({ requests: 0, sent: 0, doneBefore: 5 })
    expect(asked).toHaveLength(plan.requests)
  })

  it('of one second never has a request refused for its pacing', async () => {
    const trades = await fill({ seconds: 1, to: '2014-06-04' })
    expect(trades).toMatchObject({ requests: 26, sent: 26, finished: 26, bars: { new: 78 } })
    const quotes = await fill({ seconds: 1, to: '2014-06-04', series: 'bid-ask' })
    expect(quotes).toMatchObject({ requests: 26, sent: 26, finished: 26 })
    expect(await rows("SELECT DISTINCT outcome FROM backfill_requests WHERE outcome NOT IN ('stored', 'no-data')")).toEqual([])
    expect(
      await rows("SELECT count(*)::int AS bars, min(low) AS low FROM broker_bars WHERE series = 'bid-ask' AND bar_seconds = 1"),
    ).toEqual([{ bars: quotes.bars.new, low: 69.99 }])
  })

  it('goes on behind a link that is lost', async () => {
    answerWith(() => {
      if (asked.length !== 3) return undefined
      proxy.cut()
      proxy.resume()
      return undefined
    })
    const report = await fill()
    expect(report).toMatchObject({ requests: 5, finished: 5, refused: [] })
    expect(report.sent).toBeGreaterThan(5)
    expect(await rows(BARS)).toEqual(withoutStart(expectedBars()))
  })

  it('reads a refusal by its text: waits for the pacing, takes no data for an answer, and names what is final', async () => {
    answerWith((reqId, times) => {
      const refuse = (text: string) => [4, 2, reqId, 162, `${SERVICE}${text}`, '']
      const end = asked.at(-1)?.slice(0, 8)
      if (end === '20140603' && times < 3) return refuse('Historical data request pacing violation')
      if (end === '20140604') return refuse('HMDS query returned no data: TWX@SMART Trades')
      return end === '20140605' ? refuse('No market data permissions for NYSE STK') : undefined
    })
    const report = await fill()
    expect(report).toMatchObject({ requests: 5, sent: 7, finished: 4, withoutData: 1 })
    expect(report.refused).toEqual([{ what: 'TWX 2014-06-04', reason: `${SERVICE}No market data permissions for NYSE STK` }])
    answerWith(() => undefined)
    asked = []
    // What is final for IB today may be had tomorrow, with a permission that was bought.
    expect(await fill()).toMatchObject({ requests: 1, finished: 1, doneBefore: 4 })
  })

  it('leaves the bars of another source as they are, and counts them', async () => {
    await rows(`WITH own AS (INSERT INTO instruments (key, kind, symbol, currency) VALUES ('stock:TWX:USD', 'stock', 'TWX', 'USD') RETURNING instrument_id)
      INSERT INTO bars (instrument_id, bar_seconds, start_ts, session_date, open, high, low, close, source)
      SELECT instrument_id, 60, '2014-06-02T13:30:00Z', '2014-06-02', 1, 1, 1, 1, 'vendor' FROM own`)
    expect(await fill()).toMatchObject({ bars: { new: expectedBars().length - 1, others: 1 } })
    expect((await rows(BARS))[0]).toMatchObject({ open: 1, source: 'vendor' })
  })

  it('refuses what cannot be had before a request is spent', async () => {
    const unknown: Contract = { kind: 'stock', symbol: 'NOPE', currency: 'USD' }
    expect(await fill({}, {}, unknown)).toMatchObject({ sent: 0, refused: [{ what: 'NOPE', reason: 'IB knows no such stock' }] })
    const nowUs = usFromIso('2014-07-10T12:00:00Z')
    expect((await fill({}, { nowUs }, JUNE_70_CALL)).refused[0]?.reason).toBe('it has expired, and IB has no history of expired options')
    await expect(fill({ from: '2014-06-07', to: '2014-06-09' })).rejects.toThrow('found weekends and holidays alone')
    await expect(fill({ from: '2014-06-11', to: '2014-06-12' })).rejects.toThrow('expected days of the past')
    expect(asked).toEqual([])
    expect(await rows('SELECT * FROM backfill_requests')).toEqual([])
  })

  it('runs once at a time, stops in order, and says so', async () => {
    const stop = new AbortController()
    let second: Promise<unknown> | undefined
    answerWith(() => {
      if (asked.length === 2) {
        second = fill().catch((error: unknown) => error)
        void second.finally(() => stop.abort())
      }
      // Of the second request and all behind it there is no answer, but the time.
      return asked.length >= 2 ? [49, 1, 1_401_710_400] : undefined
    })
    const report = await fill({}, { stop: stop.signal })
    expect(report).toMatchObject({ interrupted: true })
    expect(await second).toMatchObject({ code: 'backfill-runs', retryable: true })
    answerWith(() => undefined)
    await fill()
    expect(await rows(BARS)).toEqual(withoutStart(expectedBars()))
  })
})
