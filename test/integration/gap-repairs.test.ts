/** Gaps of a recording filled out of a gateway's history: to the trades that there were, none twice, and the state of each noted. */

import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'

import { backfill } from '../../collector/backfill/backfill.ts'
import { historyWindows } from '../../collector/backfill/pacing.ts'
import { repairGaps, type RepairOptions } from '../../collector/backfill/repair-gaps.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { Quote, TapeRecord, Trade } from '../../market/tick.ts'
import { usFromIso } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, type TapeRoom, tapeOf, tapeRoom, TWX } from '../support/gateway/gateway-tape.ts'
import { type GatewayProxy, startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { seeded } from '../support/random.ts'
import { at, LineSession } from '../support/tape/line-session.ts'
import { block } from '../support/tape/ticks.ts'

const SCALE = 0.0005
const SECOND_US = 1_000_000
const HISTORICAL_TICKS = '96'
const STOCK = 0
const OPTION = 1
const SECONDS = 720
const GAP = { from: '14:01:00.4', to: '14:11:00.6' }
const SERVICE = 'Historical Market Data Service error message:'

/** Twelve minutes of one stock, up to five trades a second, most of them alike in price and size; each arrives within a second. */
function sourceTrades(source: Trade['source'] = 'tick-by-tick'): Trade[] {
  const random = seeded(7)
  const trades: Trade[] = []
  for (let madeUs = at('14:00:00'); madeUs < at('14:12:00'); madeUs += SECOND_US) {
    // Five in each second in which the gap may begin or end.
    const count = madeUs % (10 * SECOND_US) === 0 ? 5 : Math.floor(random() * 6)
    for (let i = 0; i < count; i++) {
      const price = 70 + Math.floor(random() * 3) / 100
      const venue = random() < 0.5 ? 'NYSE' : 'ARCA'
      const size = random() < 0.5 ? 100 : 200
      const conditions = random() < 0.3 ? 'I' : undefined
      const tsUs = madeUs + Math.floor(((i + 0.5) / count) * SECOND_US)
      trades.push({ kind: 'trade', seq: 0, tsUs, eventTsUs: madeUs, instrument: STOCK, price, size, source, venue, conditions })
    }
  }
  return trades
}

/** A quote of the stock and of an option in each second. */
function sourceQuotes(): Quote[] {
  return Array.from({ length: SECONDS }, (_, i) =>
    [STOCK, OPTION].map((instrument): Quote => {
      const tsUs = at('14:00:00') + i * SECOND_US + 200_000
      return { kind: 'quote', seq: 0, tsUs, instrument, bidPrice: 69 + (i % 7) / 100, bidSize: 1, askPrice: 71, askSize: 2 }
    }),
  ).flat()
}

const isLost = ({ tsUs }: { tsUs: number }) => tsUs > at(GAP.from) && tsUs < at(GAP.to)

forEachEdition('a repair of gaps', ({ createTapeDatabase }) => {
  let room: TapeRoom
  let port: number
  let url: string
  let proxy: GatewayProxy
  let asked: number
  beforeAll(async () => {
    room = await tapeRoom()
    const limits = { messagesPerSecond: 0, historyPacing: true, historyPacingScale: SCALE }
    const source = [...sourceTrades(), ...sourceQuotes()].sort((a, b) => a.tsUs - b.tsUs)
    const { gateway } = await room.serve(tapeOf(source, CONTRACTS), { startAfterLines: 0, limits })
    await gateway.ended
    port = gateway.port
  })
  afterAll(() => room.clear())
  beforeEach(async () => {
    url = await createTapeDatabase()
    proxy = await startGatewayProxy(port)
    onTestFinished(() => proxy.close())
    asked = 0
    answerWith(() => undefined)
  })

  function answerWith(answer: (reqId: string) => (string | number)[] | undefined): void {
    proxy.answer = ([type, reqId = '']) => {
      if (type !== HISTORICAL_TICKS) return undefined
      asked++
      return answer(reqId)
    }
  }

  /** Stores a session that was recorded without what lies in the gap. */
  async function record({ cause = 'link-lost', source }: { cause?: string; source?: Trade['source'] } = {}): Promise<void> {
    const live: TapeRecord[] = [...sourceTrades(source), ...sourceQuotes()].filter((tick) => !isLost(tick))
    const session = new LineSession(at('13:59:59'), CONTRACTS).opened(STOCK, '13:59:59.5').opened(OPTION, '13:59:59.6')
    session.gap(GAP.from, GAP.to, cause).ended('14:12:30', 'stopped')
    const records = [...session.records, ...live].sort((a, b) => a.tsUs - b.tsUs).map((record, i) => ({ ...record, seq: i + 1 }))
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    await createTickStore({ pool }).store({ sessionId: 1, batchNo: 1, blocks: [block(records)] }, (i) => CONTRACTS[i])
    await pool.end()
  }

  function repair(changed: Partial<RepairOptions> = {}) {
    return repairGaps({ ...options(), ...changed })
  }

  function options() {
    return {
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
      routeOf: () => ({ exchange: 'SMART' }),
      range: { fromUs: at('2014-06-05T00:00:00'), toUs: at('2014-06-06T00:00:00') },
      series: ['trades'],
      windows: historyWindows(SCALE),
      nowUs: usFromIso('2014-06-10T12:00:00Z'),
    } satisfies RepairOptions
  }

  async function rows(sql: string): Promise<Record<string, unknown>[]> {
    const client = await connectClient(url)
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }
  /** What was traded, as a sorted list. */
  const stored = async () => {
    const trades = await rows(
      'SELECT (extract(epoch FROM event_ts) * 1000000)::float8 AS us, price, size, venue, conditions, source FROM trades',
    )
    return trades.map((trade) => Object.values(trade).join(' ')).sort()
  }
  const expected = (trades = sourceTrades()) =>
    trades
      .map(({ eventTsUs, price, size, venue, conditions, source }) => [eventTsUs, price, size, venue, conditions ?? null, source].join(' '))
      .sort()
  const states = () => rows('SELECT state, reason, ticks::int, reconciled_ticks::int AS reconciled FROM gap_repairs ORDER BY from_ts')
  const lost = sourceTrades().filter(isLost).length

  it('brings the trades to equality with the source, boundary seconds included, and does it once', async () => {
    await record()
    const plan = await repair({ dryRun: true })
    expect(plan).toMatchObject({ gaps: 1, spans: 1, sent: 0, ticks: 0 })
    expect(asked).toBe(0)
    const report = await repair()
    expect(report).toMatchObject({ ticks: lost, states: { repaired: 1 }, refused: [], interrupted: false })
    expect(report.sent).toBeGreaterThan(1)
    expect(await stored()).toEqual(expected())
    expect(await states()).toEqual([{ state: 'repaired', reason: null, ticks: lost, reconciled: report.reconciledTicks }])
    expect(await rows("SELECT count(*)::int AS trades FROM trades WHERE marks LIKE '%reconciled%'")).toEqual([
      { trades: report.reconciledTicks },
    ])
    expect(report.reconciledTicks).toBe(6)
    expect(await repair()).toMatchObject({ gaps: 0, doneBefore: 1, sent: 0 })
    expect(await rows('SELECT kind, count(*)::int AS n FROM sessions GROUP BY kind ORDER BY kind')).toEqual([
      { kind: 'history', n: 1 },
      { kind: 'live', n: 1 },
    ])
    // Where every trade is there, nothing is added.
    await rows('DELETE FROM gap_repairs')
    expect(await repair()).toMatchObject({ ticks: 0, states: { repaired: 1 } })
    expect(await stored()).toEqual(expected())
  })

  it('fills quotes, and options, when it is told to: every second has its quote, and none two', async () => {
    await record()
    const report = await repair({ series: ['trades', 'quotes'], withOptions: true })
    // Trades of the stock, and quotes of both; the option was never traded.
    expect(report).toMatchObject({ gaps: 4, states: { repaired: 3, 'no-data': 1 }, refused: [] })
    expect(
      await rows(
        `SELECT symbol, kind, count(*)::int AS quotes, count(DISTINCT date_trunc('second', ts))::int AS seconds
         FROM quotes JOIN instruments USING (instrument_id) GROUP BY symbol, kind ORDER BY kind`,
      ),
    ).toEqual(['option', 'stock'].map((kind) => ({ symbol: 'TWX', kind, quotes: SECONDS, seconds: SECONDS })))
    expect(await stored()).toEqual(expected())
    const reasons = await rows("SELECT DISTINCT reason FROM gap_repairs WHERE series = 'quotes'")
    expect(reasons).toEqual([{ reason: '1 of its seconds hold live samples, and are left as they are' }])
  })

  it('leaves nothing to a backfill of the whole day, which adds nothing twice', async () => {
    await record()
    await repair()
    const { gateway, windows, nowUs } = options()
    const range = { from: '2014-06-05', to: '2014-06-06', series: 'trades', seconds: 60 } as const
    const wanted = [{ contract: TWX, exchange: 'SMART' }]
    const report = await backfill({ url, gateway, windows, nowUs, wanted, what: ['trades'], range })
    expect(report).toMatchObject({ ticks: { trades: 0 }, refused: [] })
    expect(await stored()).toEqual(expected())
  })

  it('leaves the seconds that have samples, and gives the others the source of the samples', async () => {
    await record({ source: 'rt-volume' })
    const report = await repair()
    expect(report.states).toEqual({ repaired: 1 })
    expect((await states())[0]?.['reason']).toMatch(/^\d+ of its seconds hold live samples, and are left as they are$/)
    const whole = sourceTrades('rt-volume').filter(({ eventTsUs = 0 }) => eventTsUs > at('14:01:00') && eventTsUs < at('14:11:00'))
    const there = await stored()
    for (const trade of expected(whole)) expect(there).toContain(trade)
    expect(await rows('SELECT DISTINCT source FROM trades')).toEqual([{ source: 'rt-volume' }])
    expect(await rows("SELECT 1 FROM trades WHERE marks LIKE '%reconciled%'")).toEqual([])
  })

  it('notes why IB gave nothing, and asks again when it is told to', async () => {
    await record()
    answerWith((reqId) => [4, 2, reqId, 162, `${SERVICE}No market data permissions for NYSE STK`, ''])
    expect((await repair()).refused).toEqual([
      { what: 'TWX 2014-06-05T14:01:00.400000Z', reason: `${SERVICE}No market data permissions for NYSE STK` },
    ])
    expect(await states()).toMatchObject([{ state: 'refused', ticks: 0 }])
    answerWith(() => undefined)
    expect(await repair()).toMatchObject({ gaps: 0, doneBefore: 1 })
    expect(await repair({ again: true })).toMatchObject({ ticks: lost, states: { repaired: 1 } })
    expect(await stored()).toEqual(expected())
  })

  it('takes no data for an answer', async () => {
    await record()
    answerWith((reqId) => [4, 2, reqId, 162, `${SERVICE}HMDS query returned no data: TWX@SMART Trades`, ''])
    expect(await repair()).toMatchObject({ sent: 1, ticks: 0, states: { 'no-data': 1 }, refused: [] })
    expect(await repair({ again: true })).toMatchObject({ gaps: 0, doneBefore: 1 })
  })

  it('asks for nothing that IB refused to the live line, and says so', async () => {
    await record({ cause: 'refused: 354' })
    const report = await repair()
    expect(report).toMatchObject({ spans: 0, sent: 0, states: { refused: 1 } })
    expect(report.refused).toEqual([
      { what: 'TWX, 1 gap', reason: 'IB has no data of it for this login: a market-data subscription is missing' },
    ])
    expect(asked).toBe(0)
  })

  it('stopped in the middle goes on from there, to the same result', async () => {
    await record()
    const stop = new AbortController()
    answerWith(() => {
      if (asked === 2) stop.abort()
      return undefined
    })
    expect(await repair({ stop: stop.signal })).toMatchObject({ interrupted: true })
    expect(await states()).toMatchObject([{ state: 'pending' }])
    answerWith(() => undefined)
    await repair()
    expect(await stored()).toEqual(expected())
    expect(await states()).toMatchObject([{ state: 'repaired', ticks: lost }])
  })
})
