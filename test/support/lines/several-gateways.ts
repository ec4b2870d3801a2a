/** Replay gateways on the time of today, each behind a proxy, that serve the same underlyings with a chain each. */

import { expect, onTestFinished, vi } from 'vitest'

import type { LinesPage } from '../../../collector/telemetry/lines-page.ts'
import type { UnderlyingSettings } from '../../../collector/universe/universe.ts'
import type { OptionContract } from '../../../market/contract.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { type GatewayProxy, startGatewayProxy } from '../gateway/gateway-proxy.ts'
import { MS_US, type TapeRoom } from '../gateway/gateway-tape.ts'
import { ask, type Collecting, PATIENCE } from '../process/collecting.ts'

const DAY_MS = 86_400_000
const FIRST_STRIKE = 50
const PRICE = 60
const [REQUEST, CANCEL] = ['1', '2']

export interface ServedUniverse {
  symbols: readonly string[]
  /** Of each chain: both rights of each. */
  strikes: number
  /** So long the tape lasts. */
  seconds: number
  ticksPerSecond: number
}

export function underlyingsOf({ symbols }: ServedUniverse): UnderlyingSettings[] {
  return symbols.map((symbol) => ({ symbol, currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 1000 }))
}

/** Every contract is quoted in turn; no quote is like the one before. */
export function universeTape({ symbols, strikes, seconds, ticksPerSecond }: ServedUniverse): TapeRecord[] {
  const nowUs = Date.now() * 1000
  const expiry = new Date(Date.now() + 30 * DAY_MS).toISOString().slice(0, 10)
  const contracts = symbols.flatMap((symbol) => {
    const option = (pair: number, right: 'C' | 'P'): OptionContract => {
      return { kind: 'option', symbol, currency: 'USD', expiry, strike: FIRST_STRIKE + pair, right, multiplier: 100, tradingClass: symbol }
    }
    const options = Array.from({ length: strikes }, (_, pair) => [option(pair, 'C'), option(pair, 'P')]).flat()
    return [{ kind: 'stock' as const, symbol, currency: 'USD' }, ...options]
  })
  const listed = contracts.map((contract, instrument): TapeRecord => ({ kind: 'contract', seq: 0, tsUs: nowUs, instrument, contract }))
  const quotes = Array.from({ length: seconds * ticksPerSecond }, (_, i): TapeRecord => {
    const instrument = i % contracts.length
    const price = contracts[instrument]?.kind === 'stock' ? PRICE : 2
    const sizes = { bidSize: 1 + (Math.floor(i / contracts.length) % 90), askSize: 7 }
    const tsUs = nowUs + Math.floor((i * 1000 * MS_US) / ticksPerSecond)
    return { kind: 'quote', seq: 0, tsUs, instrument, bidPrice: price, askPrice: price + 0.1, ...sizes }
  })
  return [...listed, ...quotes].map((record, i) => ({ ...record, seq: i + 1 }))
}

/** A gateway with so many lines, behind a proxy. */
export async function serveBehindProxy(room: TapeRoom, tape: string, lines: number): Promise<GatewayProxy> {
  const { port } = await room.serveFile(tape, { startAfterLines: 1, speed: 1, lines })
  const proxy = await startGatewayProxy(port)
  onTestFinished(() => proxy.close())
  return proxy
}

/** The most lines that were open over each proxy at once, by the requests and cancels in their order. */
export function watchRequests(proxies: readonly GatewayProxy[]) {
  const open = proxies.map(() => new Set<string>())
  const most = proxies.map(() => 0)
  for (const [i, proxy] of proxies.entries())
    proxy.answer = ([id, , reqId = '']) => {
      if (id === REQUEST) open[i]?.add(reqId)
      if (id === CANCEL) open[i]?.delete(reqId)
      most[i] = Math.max(most[i] ?? 0, open[i]?.size ?? 0)
      return undefined
    }
  return {
    most,
    /** Its connections end, and with them its lines. */
    cut(i: number): void {
      proxies[i]?.cut()
      open[i]?.clear()
    },
  }
}

/** Waits until the page of lines is so, and returns it. */
export function linesWhen(collector: Collecting, what: string, isSo: (page: LinesPage) => boolean): Promise<LinesPage> {
  return vi.waitFor(async () => {
    const page = (await (await fetch(`http://127.0.0.1:${collector.progress.metricsPort}/lines`)).json()) as LinesPage
    if (!isSo(page)) throw new Error(`still waiting: ${what}; ${JSON.stringify(page)}`)
    return page
  }, PATIENCE)
}

/** Market-data lines that are open at a gateway, by why. */
export function openAt({ lines }: LinesPage, gateway: string | undefined, ...reasons: readonly string[]): string[] {
  return lines
    .filter((line) => line.gateway === gateway && line.feed === null && line.state === 'open' && line.since !== null)
    .filter(({ reason }) => reasons.length === 0 || reasons.includes(reason))
    .map(({ contract }) => contract)
}

/** What the tape says of lines that are open twice at once, and how often each instrument had a tick while its line was not open. */
export function checkTape() {
  const open = new Set<string>()
  const seen = { openedTwice: 0, outsideOfHolds: 0, instruments: new Set<number>(), gaps: [] as { instrument: number; cause: string }[] }
  const listen = (record: TapeRecord): void => {
    if (record.kind === 'quote') {
      seen.instruments.add(record.instrument)
      if (!open.has(String(record.instrument))) seen.outsideOfHolds++
    }
    if (record.kind !== 'line') return
    const key = String(record.instrument)
    if (record.event === 'opened') {
      if (open.has(key)) seen.openedTwice++
      open.add(key)
    }
    if (record.event === 'closed') open.delete(key)
    if (record.event === 'closed' && record.cause !== 'rotation')
      seen.gaps.push({ instrument: record.instrument, cause: record.cause ?? '' })
  }
  return { seen, listen }
}

/** In the database no two holds of a line overlap, and every quote lies within one: nothing was recorded from two gateways at once. */
export async function expectHeldOnce(databaseUrl: string): Promise<void> {
  const [counts] = await ask(
    databaseUrl,
    `SELECT
       (SELECT count(*)::int FROM quotes) > 0 AS recorded,
       (SELECT count(*)::int FROM line_holds a JOIN line_holds b USING (session_id, instrument_id)
        WHERE a.feed IS NULL AND b.feed IS NULL AND a.opened_seq < b.opened_seq AND b.opened_ts < a.until_ts) AS overlapping,
       (SELECT count(*)::int FROM quotes q WHERE NOT EXISTS (SELECT FROM line_holds h WHERE h.feed IS NULL
        AND h.instrument_id = q.instrument_id AND q.ts BETWEEN h.opened_ts AND h.closed_ts)) AS outside`,
  )
  expect(counts).toEqual({ recorded: true, overlapping: 0, outside: 0 })
}
