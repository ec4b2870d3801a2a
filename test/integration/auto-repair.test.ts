/** The plug is pulled for ten minutes of a stock's trade tape: the collector itself fills them, to the trades that there were. */

import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'

import { historyWindows } from '../../collector/backfill/pacing.ts'
import { repairGaps } from '../../collector/backfill/repair-gaps.ts'
import type { Quote, TapeRecord, Trade } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { type GatewayProxy, startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { CONTRACTS, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { ask, type Collecting, PATIENCE, startCollecting, TWX_CHAIN } from '../support/process/collecting.ts'
import { seeded } from '../support/random.ts'
import { at } from '../support/tape/line-session.ts'

const SECOND_US = 1_000_000
const QUOTED_US = 5 * SECOND_US
const STOCK = 0
const SPEED = 300
const PULLED_S = 600
const SHORT_S = 180
/** Live trades arrive within so long of the tape's time, and it is told four times a second, 75 s of the tape. */
const SETTLED_US = 120 * SECOND_US
const HISTORICAL_TICKS = '96'
const SCALE = 0.0005
/** Far behind what a busy machine plays meanwhile. */
const END_US = at('19:30:00')
const SOURCE = sourceTrades()

/** Up to five trades a second, most of them alike in price and size. */
function sourceTrades(): Trade[] {
  const random = seeded(11)
  const trades: Trade[] = []
  for (let madeUs = at('14:00:00'); madeUs < END_US; madeUs += SECOND_US) {
    const count = Math.floor(random() * 6)
    for (let i = 0; i < count; i++) {
      const price = 70 + Math.floor(random() * 3) / 100
      const [venue, size] = [random() < 0.5 ? 'NYSE' : 'ARCA', random() < 0.5 ? 100 : 200]
      const tsUs = madeUs + Math.floor(((i + 0.5) / count) * SECOND_US)
      trades.push({ kind: 'trade', seq: 0, tsUs, eventTsUs: madeUs, instrument: STOCK, price, size, source: 'tick-by-tick', venue })
    }
  }
  return trades
}

/** Every contract is quoted every five seconds. */
function quotes(): Quote[] {
  const steps = (END_US - at('14:00:00')) / QUOTED_US
  return Array.from({ length: steps }, (_, i) =>
    CONTRACTS.map((_contract, instrument): Quote => {
      const bidPrice = 10 + (i % 7) / 100
      return { kind: 'quote', seq: 0, tsUs: at('14:00:00') + i * QUOTED_US, instrument, bidPrice, bidSize: 1, askPrice: 11, askSize: 2 }
    }),
  ).flat()
}

function sourceTape(): TapeRecord[] {
  return tapeOf([...SOURCE, ...quotes()].sort((a, b) => a.tsUs - b.tsUs))
}

const asText = ({ eventTsUs, price, size, venue }: Partial<Trade>) => `${eventTsUs} ${price} ${size} ${venue}`
const sourceUntil = (us: number) =>
  SOURCE.filter(({ eventTsUs = 0 }) => eventTsUs < us)
    .map(asText)
    .sort()

forEachEdition('a collector whose plug was pulled', ({ createDatabase }) => {
  let room: TapeRoom
  let tape: string
  beforeAll(async () => {
    room = await tapeRoom()
    tape = await room.write(sourceTape())
  })
  afterAll(() => room.clear())

  async function recording(repair: Parameters<typeof startCollecting>[0]['repair']) {
    const databaseUrl = await createDatabase()
    const { gateway } = await room.serveFile(tape, { startAfterLines: CONTRACTS.length, publishTime: true, speed: SPEED })
    const proxy = await startGatewayProxy(gateway.port)
    onTestFinished(() => proxy.close())
    const options = { port: proxy.port, databaseUrl, underlyings: [{ ...TWX_CHAIN, tickByTick: true }], repair }
    const collector = await startCollecting(options)
    await collector.until('a minute of the tape', ({ marketTimeUs = 0 }) => marketTimeUs > at('14:01:00'))
    return { databaseUrl, proxy, collector, port: gateway.port, options }
  }

  const stored = async (databaseUrl: string, untilUs: number) => {
    const rows = await ask<Partial<Trade>>(
      databaseUrl,
      `SELECT (extract(epoch FROM date_trunc('second', COALESCE(event_ts, ts))) * 1000000)::float8 AS "eventTsUs", price, size, venue
       FROM trades WHERE source = 'tick-by-tick'`,
    )
    return rows
      .filter(({ eventTsUs = 0 }) => eventTsUs < untilUs)
      .map(asText)
      .sort()
  }

  async function pull({ proxy, collector }: { proxy: GatewayProxy; collector: Collecting }, seconds = PULLED_S): Promise<number> {
    proxy.cut()
    // No time is told from here on.
    const { marketTimeUs: cutUs = 0 } = await collector.until('the loss is noticed', ({ counts }) => counts.lines === 0)
    await sleep((seconds / SPEED) * 1000)
    proxy.resume()
    await collector.until('all lines are open again', ({ counts }) => counts.lines === CONTRACTS.length)
    const isBehind = ({ marketTimeUs = 0 }) => marketTimeUs > cutUs + seconds * SECOND_US
    const { marketTimeUs: backUs = 0 } = await collector.until('the tape is behind it', isBehind)
    await collector.until('some minutes more', ({ marketTimeUs = 0 }) => marketTimeUs > backUs + 2 * SETTLED_US)
    return (collector.progress.marketTimeUs ?? 0) - SETTLED_US
  }

  it('has every trade of the source once, boundary seconds included, also when the link is lost while it asks', async () => {
    const started = await recording({ requests: 60, windows: historyWindows(SCALE), delayMs: 300 })
    const { databaseUrl, proxy, collector, port } = started
    let asked = 0
    proxy.answer = ([type]) => {
      if (type === HISTORICAL_TICKS && ++asked === 2) {
        proxy.cut()
        setImmediate(() => proxy.resume())
      }
      return undefined
    }
    const untilUs = await pull(started)
    await vi.waitFor(async () => expect(await stored(databaseUrl, untilUs)).toEqual(sourceUntil(untilUs)), PATIENCE)
    expect(asked).toBeGreaterThan(2)
    // In one part, or in two where the first answer was stored before the link was lost again.
    const repaired = await ask<{ seconds: number }>(
      databaseUrl,
      "SELECT extract(epoch FROM max(to_ts) - min(from_ts))::float8 AS seconds FROM gap_repairs WHERE state = 'repaired'",
    )
    expect(repaired[0]?.seconds).toBeGreaterThanOrEqual(PULLED_S)
    await collector.said("gaps were filled from IB's history")
    await collector.stop()

    // The command finds nothing that is left, and adds nothing twice.
    const gateway = { host: '127.0.0.1', port, handshakeTimeoutMs: 5000, heartbeatMs: 60_000, messagesPerSecond: 1000, lines: 5000 }
    await repairGaps({
      url: databaseUrl,
      gateway,
      routeOf: () => ({ exchange: 'SMART' }),
      range: { fromUs: at('14:00:00'), toUs: untilUs },
      series: ['trades'],
      windows: historyWindows(SCALE),
      nowUs: END_US,
    })
    expect(await stored(databaseUrl, untilUs)).toEqual(sourceUntil(untilUs))
  })

  it('asks for nothing while it is switched off, and for all of it when it is switched on', async () => {
    const started = await recording(undefined)
    const { databaseUrl, proxy, collector } = started
    let asked = 0
    proxy.answer = ([type]) => {
      if (type === HISTORICAL_TICKS) asked++
      return undefined
    }
    const untilUs = await pull(started, SHORT_S)
    await collector.until('ticks are in the database', ({ counts }) => counts.written > 0)
    expect(asked).toBe(0)
    expect(await ask(databaseUrl, 'SELECT FROM gap_repairs')).toEqual([])
    expect((await stored(databaseUrl, untilUs)).length).toBeLessThan(sourceUntil(untilUs).length)
    collector.reload((settings) => ({ ...settings, repair: { requests: 60, windows: historyWindows(SCALE), delayMs: 1 } }))
    await vi.waitFor(async () => expect(await stored(databaseUrl, untilUs)).toEqual(sourceUntil(untilUs)), PATIENCE)
    expect(asked).toBeGreaterThan(0)
    await collector.stop()
  })

  it('that is stopped while it asks has the rest filled by the next run, also while the other one of two gateways is gone', async () => {
    const started = await recording({ requests: 60, windows: historyWindows(SCALE), delayMs: 2000 })
    const { databaseUrl, proxy, collector, options } = started
    let asked = 0
    let stopped: Promise<unknown> | undefined
    proxy.answer = ([type]) => {
      if (type === HISTORICAL_TICKS && ++asked === 2) stopped = collector.stop('stopped')
      return undefined
    }
    const untilUs = await pull(started)
    await vi.waitFor(() => expect(stopped).toBeDefined(), PATIENCE)
    await stopped
    expect((await stored(databaseUrl, untilUs)).length).toBeLessThan(sourceUntil(untilUs).length)
    const nobody = { host: '127.0.0.1', port: 1, clientId: 88, lines: 100 }
    const gateway = { others: [nobody], retryDelays: { firstMs: 20, factor: 1 } }
    const next = await startCollecting({ ...options, dataDir: collector.dataDir, gateway })
    await vi.waitFor(async () => expect(await stored(databaseUrl, untilUs)).toEqual(sourceUntil(untilUs)), PATIENCE)
    await next.stop()
  })
})
