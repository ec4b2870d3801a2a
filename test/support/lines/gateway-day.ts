/**
 * The live side of the collector over a day of the replay gateway, in virtual time, with a proxy between both that logs every message. What
 * is measured is what went over the wire and what the tape says, not what the plan does.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { vi } from 'vitest'

import { startGateway } from '../../../backtester/gateway/server/gateway.ts'
import type { BudgetFigures } from '../../../collector/lines/budget.ts'
import type { PlanSettings } from '../../../collector/lines/plan/state.ts'
import { createWallClock } from '../../../collector/record/clock.ts'
import { joinFeed } from '../../../collector/topology.ts'
import { contractKey, type OptionContract } from '../../../market/contract.ts'
import { temporaryFolder } from '../../unit/collector/journal/journal-support.ts'
import { recordingIn } from '../../unit/collector/topology-support.ts'
import { at, MINUTE_MS } from '../collector/virtual-collector.ts'
import { startGatewayProxy } from '../gateway/gateway-proxy.ts'
import { Loopback } from '../gateway/loopback.ts'
import { seeded } from '../random.ts'
import { unexpected } from '../unexpected.ts'
import { VirtualTime } from '../virtual-time.ts'
import type { MarketDay } from './market-day.ts'

export interface GatewayDayOptions {
  day: MarketDay
  lines: number
  messagesPerSecond: number
  plan: PlanSettings
  /** Time of day at which it ends instead of the close. */
  until?: string
}

/** What a contract had of the session. */
export interface ContractCoverage {
  heldMs: number
  holds: number
  /** From the opening of the session, or the end of a hold with data, to the next one, or the close. */
  longestUnseenMs: number
}

export interface GatewayDayResult {
  /** By key of the contract. */
  contracts: ReadonlyMap<string, ContractCoverage>
  /** By expiry and class: the part of the session in which both rights of a strike at the money were held. */
  core: ReadonlyMap<string, number>
  mostLines: number
  messages: number
  /** Messages that came within a second of the one that came so many before them. */
  tooFast: number
  shortestHoldMs: number
  /** Errors of the gateway, by their number. */
  errors: ReadonlyMap<string, number>
  /** What the collector says of itself at the end. */
  figures: BudgetFigures
}

const [REQUEST, CANCEL, ERROR] = ['1', '2', '4']
const SERVER_SOCKETS = 'net.server.socket'
/** As core.ts: a strike is at the money up to so far from it, in distances of two strikes. */
const AT_THE_MONEY = 0.61

/** Every message that the collector sent, and the lines that it had, by request id. */
class WireLog {
  readonly sentMs: number[] = []
  readonly errors = new Map<string, number>()
  readonly #openMs = new Map<string, number>()
  mostLines = 0
  shortestHoldMs = Number.POSITIVE_INFINITY

  take([id = '', , reqId = '']: string[]): void {
    const nowMs = performance.now()
    this.sentMs.push(nowMs)
    if (id === REQUEST) this.#openMs.set(reqId, nowMs)
    this.mostLines = Math.max(this.mostLines, this.#openMs.size)
    if (id !== CANCEL) return
    this.shortestHoldMs = Math.min(this.shortestHoldMs, nowMs - (this.#openMs.get(reqId) ?? 0))
    this.#openMs.delete(reqId)
  }

  passed([id = '', , , code = '']: string[]): void {
    if (id === ERROR && Number(code) < 2000) this.errors.set(code, (this.errors.get(code) ?? 0) + 1)
  }

  tooFast(messagesPerSecond: number): number {
    const before = (i: number) => this.sentMs[i - messagesPerSecond] ?? Number.NEGATIVE_INFINITY
    return this.sentMs.filter((ms, i) => ms - before(i) < 1000).length
  }
}

async function startDay({ day, lines, messagesPerSecond, plan }: GatewayDayOptions) {
  const loopback = new Loopback()
  const onServer = (message: unknown) => loopback.accepted((message as { socket: Socket }).socket)
  let isStarting = false
  const time = new VirtualTime(at(day.date, '09:20:00'), () => isStarting || loopback.isBusy)
  loopback.start()
  subscribe(SERVER_SOCKETS, onServer)
  time.install()
  const random = vi.spyOn(Math, 'random').mockImplementation(seeded(1))
  isStarting = true
  const silent = () => undefined
  const gateway = await startGateway(
    { source: day.source, host: '127.0.0.1', port: 0, speed: 1, sampling: true, lines, startAfterLines: 0, publishTime: false },
    { log: { debug: silent, info: silent, warn: silent, error: silent } },
  )
  const proxy = await startGatewayProxy(gateway.port)
  isStarting = false
  const wire = new WireLog()
  proxy.answer = (request) => {
    wire.take(request)
    return undefined
  }
  proxy.onPassed = (message) => wire.passed(message)
  const recording = recordingIn(await temporaryFolder(), createWallClock(), { batchMs: MINUTE_MS, fsyncMs: MINUTE_MS })
  const topology = joinFeed({
    ...recording,
    startedMs: performance.now(),
    feed: {
      host: '127.0.0.1',
      port: proxy.port,
      clientId: 5,
      handshakeTimeoutMs: 15_000,
      heartbeatMs: 20_000,
      messagesPerSecond,
      lines,
    },
    marketDataType: 1,
    genericTicks: [],
    universe: { underlyings: [{ symbol: day.symbol, currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 3000 }], lines },
    linePlan: plan,
    onBroken: unexpected,
    onBegun: () => undefined,
    onEndOfTape: () => undefined,
  })
  const finish = async () => {
    try {
      const stopped = topology.stop()
      await time.settle()
      await stopped
      await topology.sessions.end('test')
      const closed = Promise.all([gateway.stop(), proxy.close()])
      await time.settle()
      time.uninstall()
      await closed
    } finally {
      random.mockRestore()
      time.uninstall()
      unsubscribe(SERVER_SOCKETS, onServer)
      loopback.stop()
    }
  }
  return { ...recording, topology, time, wire, finish }
}

/** What the tape says of each option. */
class Held {
  readonly #openMs: number
  readonly #closeMs: number
  readonly coverage = new Map<string, ContractCoverage & { sinceMs: number | undefined; lastMs: number }>()

  constructor({ date, options }: MarketDay, until: string) {
    this.#openMs = at(date, '09:30:00')
    this.#closeMs = at(date, until)
    for (const option of options)
      this.coverage.set(contractKey(option), { heldMs: 0, holds: 0, longestUnseenMs: 0, sinceMs: undefined, lastMs: this.#openMs })
  }

  isHeld(option: OptionContract): boolean {
    return this.coverage.get(contractKey(option))?.sinceMs !== undefined
  }

  opened(key: string, tsUs: number): void {
    const one = this.coverage.get(key)
    if (one) one.sinceMs = this.#within(tsUs)
  }

  closed(key: string, tsUs: number): void {
    const one = this.coverage.get(key)
    if (one?.sinceMs === undefined) return
    const [fromMs, toMs] = [one.sinceMs, this.#within(tsUs)]
    one.sinceMs = undefined
    // Before the session, or open in name only.
    if (toMs <= fromMs) return
    one.longestUnseenMs = Math.max(one.longestUnseenMs, fromMs - one.lastMs)
    one.lastMs = toMs
    one.heldMs += toMs - fromMs
    one.holds++
  }

  end(): void {
    for (const [key, one] of this.coverage) {
      this.closed(key, this.#closeMs * 1000)
      one.longestUnseenMs = Math.max(one.longestUnseenMs, this.#closeMs - one.lastMs)
    }
  }

  #within(tsUs: number): number {
    return Math.min(this.#closeMs, Math.max(this.#openMs, tsUs / 1000))
  }
}

/** Both rights of the strikes of an expiry. */
interface Expiry {
  strikes: number[]
  pairs: Map<number, OptionContract[]>
  heldSeconds: number
}

/** How long the strike at the money of each expiry was held, second by second of the session. */
class AtTheMoney {
  readonly expiries = new Map<string, Expiry>()
  seconds = 0

  constructor(options: readonly OptionContract[]) {
    for (const option of options) {
      const key = `${option.expiry} ${option.tradingClass}`
      const expiry = this.expiries.get(key) ?? { strikes: [], pairs: new Map<number, OptionContract[]>(), heldSeconds: 0 }
      this.expiries.set(key, expiry)
      expiry.pairs.set(option.strike, [...(expiry.pairs.get(option.strike) ?? []), option])
    }
    for (const expiry of this.expiries.values()) expiry.strikes = [...expiry.pairs.keys()].sort((a, b) => a - b)
  }

  look(price: number, isHeld: (option: OptionContract) => boolean): void {
    this.seconds++
    for (const expiry of this.expiries.values()) {
      const isCore = expiry.strikes.some((strike, i) => isNear(expiry.strikes, i, price) && expiry.pairs.get(strike)?.every(isHeld))
      if (isCore) expiry.heldSeconds++
    }
  }
}

function isNear(strikes: readonly number[], i: number, price: number): boolean {
  const strike = strikes[i] ?? 0
  const neighbour = strikes[strike < price ? i + 1 : i - 1]
  if (neighbour === undefined) return true
  return Math.abs(strike - price) <= AT_THE_MONEY * Math.abs(neighbour - strike)
}

export async function gatewayDay(options: GatewayDayOptions): Promise<GatewayDayResult> {
  const { day, messagesPerSecond, until = '16:00:00' } = options
  const collector = await startDay(options)
  const { recorder, state, time, topology, wire, finish } = collector
  const held = new Held(day, until)
  const core = new AtTheMoney(day.options)
  recorder.subscribe((record) => {
    if (record.kind !== 'line') return
    const contract = recorder.contractOf(record.instrument)
    if (contract && record.event === 'opened') held.opened(contractKey(contract), record.tsUs)
    else if (contract && record.event === 'closed') held.closed(contractKey(contract), record.untilTsUs ?? record.tsUs)
  })
  let figures: BudgetFigures
  try {
    topology.sessions.start()
    topology.feed.start()
    const look = () => {
      const stock = [...state.instruments()].find(({ contract }) => contract?.kind === 'stock')?.quote
      if (stock?.bidPrice && stock.askPrice) core.look((stock.bidPrice + stock.askPrice) / 2, (option) => held.isHeld(option))
      if (time.nowMs < at(day.date, until) - 2000) time.at(time.nowMs + 1000, look)
    }
    time.at(at(day.date, '09:30:00'), look)
    await time.advanceTo(at(day.date, until))
    figures = topology.budget.figures
    held.end()
  } finally {
    await finish()
  }
  return {
    contracts: held.coverage,
    core: new Map([...core.expiries].map(([key, { heldSeconds }]) => [key, heldSeconds / core.seconds])),
    mostLines: wire.mostLines,
    messages: wire.sentMs.length,
    tooFast: wire.tooFast(messagesPerSecond),
    shortestHoldMs: wire.shortestHoldMs,
    errors: wire.errors,
    figures,
  }
}
