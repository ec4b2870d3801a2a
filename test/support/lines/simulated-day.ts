/**
 * The planner over a day of simulated time: a gateway that answers after a moment, a pacer that sends so many messages in any second, a
 * price that moves. Measured is what went over the wire and what each contract had of it, not what the plan says.
 */

import { arrange, type Chains, type Pair, type PlannedContract } from '../../../collector/lines/plan/chains.ts'
import { plan } from '../../../collector/lines/plan/plan.ts'
import type { Plan, PlanHold, PlanSettings } from '../../../collector/lines/plan/state.ts'

export interface SimulatedDay {
  contracts: readonly PlannedContract[]
  settings: PlanSettings
  /** At a second of the day. */
  lines: (second: number) => number
  seconds: number
  messagesPerSecond: number
  priceOf: (underlying: number, second: number) => number
  /** Contracts that never get an answer. */
  silent?: ReadonlySet<number>
  /** Contracts that tick when they are watched. */
  active?: (instrument: number) => boolean
  wishes?: (second: number) => ReadonlySet<number>
}

export interface SimulatedContract {
  instrument: number
  heldMs: number
  holds: number
  /** From the begin of the day, or the end of a hold, to the begin of the next one, or the end of the day. */
  longestUnseenMs: number
}

export interface SimulationResult {
  contracts: ReadonlyMap<number, SimulatedContract>
  /** By chain: the part of the time, from the second minute on, in which both rights of a strike at the money had data. */
  core: number[]
  mostLines: number
  /** More lines were open than there were. */
  overLimit: number
  mostMessagesInASecond: number
  shortestHoldMs: number
  messages: number
  last: Plan
}

const DECISION_MS = 1000
const ANSWER_MS = 150
/** As core.ts: a strike is at the money up to so far from it, in distances of two strikes. */
const AT_THE_MONEY = 0.61
const OVER_MINUTE_S = 60

interface OpenLine extends PlanHold {
  sinceMs: number
  dataMs: number
}

class Simulation {
  readonly #day: SimulatedDay
  readonly #chains: Chains
  readonly #open = new Map<number, OpenLine>()
  readonly #seenUs: Float64Array
  readonly #active: Uint8Array
  readonly #sentMs: number[] = []
  readonly #results = new Map<number, SimulatedContract>()
  readonly #coreSeconds: number[]
  readonly #blocked = new Map<number, number>()
  #core: ReadonlySet<Pair> = new Set()
  #pacerMs = 0
  #tokens = Number.POSITIVE_INFINITY
  #measured = { mostLines: 0, overLimit: 0, mostMessagesInASecond: 0, shortestHoldMs: Number.POSITIVE_INFINITY }

  constructor(day: SimulatedDay) {
    this.#day = day
    this.#chains = arrange(day.contracts)
    const size = Math.max(...day.contracts.map(({ instrument }) => instrument)) + 1
    this.#seenUs = new Float64Array(size)
    this.#active = new Uint8Array(size)
    for (const { instrument } of day.contracts) this.#results.set(instrument, { instrument, heldMs: 0, holds: 0, longestUnseenMs: 0 })
    this.#coreSeconds = this.#chains.chains.map(() => 0)
  }

  run(): SimulationResult {
    const { seconds } = this.#day
    let last: Plan | undefined
    for (let second = 0; second < seconds; second++) {
      last = this.#decide(second)
      if (second >= OVER_MINUTE_S) this.#measureCore(second)
    }
    const endMs = seconds * DECISION_MS
    for (const [instrument] of this.#open) this.#end(instrument, endMs)
    for (const result of this.#results.values())
      result.longestUnseenMs = Math.max(result.longestUnseenMs, endMs - (this.#seenUs[result.instrument] ?? 0) / 1000)
    const watched = Math.max(1, seconds - OVER_MINUTE_S)
    return {
      contracts: this.#results,
      core: this.#coreSeconds.map((held) => held / watched),
      ...this.#measured,
      messages: this.#sentMs.length,
      last: last as Plan,
    }
  }

  #decide(second: number): Plan {
    const { settings, messagesPerSecond, priceOf, silent, active, wishes, lines } = this.#day
    const nowMs = second * DECISION_MS
    for (const [instrument, line] of this.#open) {
      const hasAnswer = !silent?.has(instrument)
      if (hasAnswer && nowMs >= line.dataMs) this.#seenUs[instrument] = nowMs * 1000
      line.isFutile = !hasAnswer && nowMs - line.sinceMs >= settings.minimumHoldMs
      if (line.isFutile) this.#blocked.set(instrument, nowMs + 600_000)
    }
    for (const [instrument, untilMs] of this.#blocked) if (untilMs <= nowMs) this.#blocked.delete(instrument)
    const share = messagesPerSecond / 2
    const decided = plan({
      chains: this.#chains,
      lines: lines(second),
      settings,
      nowMs,
      nowUs: nowMs * 1000,
      messages: this.#tokens,
      messagesPerSecond: share,
      priceOf: (underlying) => priceOf(underlying, second),
      holds: this.#open,
      seenUs: this.#seenUs,
      active: this.#active,
      wishes: wishes?.(second) ?? new Set(),
      blocked: new Set(this.#blocked.keys()),
      core: this.#core,
    })
    this.#core = decided.core
    const used = decided.release.length + decided.take.length
    this.#tokens = second === 0 ? share : Math.min(Math.max(share, 8), this.#tokens - used + share)
    for (const instrument of decided.release) {
      const sentMs = this.#send(nowMs)
      const { sinceMs } = this.#open.get(instrument) as OpenLine
      this.#measured.shortestHoldMs = Math.min(this.#measured.shortestHoldMs, sentMs - sinceMs)
      this.#active[instrument] = active?.(instrument) ? 1 : 0
      this.#end(instrument, sentMs)
    }
    for (const instrument of decided.take) this.#begin(instrument, this.#send(nowMs))
    if (this.#open.size > lines(second)) this.#measured.overLimit++
    return decided
  }

  /** When the message goes out: so many in any second. */
  #send(nowMs: number): number {
    const { messagesPerSecond } = this.#day
    const before = this.#sentMs[this.#sentMs.length - messagesPerSecond] ?? Number.NEGATIVE_INFINITY
    this.#pacerMs = Math.max(nowMs, this.#pacerMs, before + 1000)
    this.#sentMs.push(this.#pacerMs)
    let inSecond = 0
    for (let i = this.#sentMs.length - 1; i >= 0 && (this.#sentMs[i] as number) > this.#pacerMs - 1000; i--) inSecond++
    this.#measured.mostMessagesInASecond = Math.max(this.#measured.mostMessagesInASecond, inSecond)
    return this.#pacerMs
  }

  #begin(instrument: number, sinceMs: number): void {
    const result = this.#results.get(instrument) as SimulatedContract
    const dataMs = this.#day.silent?.has(instrument) ? Number.POSITIVE_INFINITY : sinceMs + ANSWER_MS
    this.#open.set(instrument, { sinceMs, dataMs })
    this.#measured.mostLines = Math.max(this.#measured.mostLines, this.#open.size)
    if (dataMs === Number.POSITIVE_INFINITY) return
    result.longestUnseenMs = Math.max(result.longestUnseenMs, dataMs - (this.#seenUs[instrument] ?? 0) / 1000)
    result.holds++
  }

  #end(instrument: number, atMs: number): void {
    const line = this.#open.get(instrument)
    this.#open.delete(instrument)
    if (!line || line.dataMs >= atMs) return
    this.#seenUs[instrument] = atMs * 1000
    const result = this.#results.get(instrument) as SimulatedContract
    result.heldMs += atMs - line.dataMs
  }

  #measureCore(second: number): void {
    const nowMs = second * DECISION_MS
    for (const [i, { underlying, pairs }] of this.#chains.chains.entries()) {
      const price = this.#day.priceOf(underlying, second)
      const held = pairs.some(
        (pair, at) =>
          isAtTheMoney(pairs, at, price) &&
          pair.instruments.every((instrument) => (this.#open.get(instrument)?.dataMs ?? Infinity) <= nowMs),
      )
      if (held) this.#coreSeconds[i] = (this.#coreSeconds[i] ?? 0) + 1
    }
  }
}

function isAtTheMoney(pairs: readonly Pair[], at: number, price: number): boolean {
  const strike = (pairs[at] as Pair).strike
  const neighbour = pairs[strike < price ? at + 1 : at - 1]
  return neighbour === undefined || Math.abs(strike - price) <= AT_THE_MONEY * Math.abs(neighbour.strike - strike)
}

export function simulate(day: SimulatedDay): SimulationResult {
  return new Simulation(day).run()
}

/** Chains of one underlying, instrument 0: so many expiries, each with so many strikes a unit apart around 100. */
export function simulatedChains({ expiries, strikes }: { expiries: number; strikes: number }): PlannedContract[] {
  const contracts: PlannedContract[] = []
  for (let e = 0; e < expiries; e++)
    for (let s = 0; s < strikes; s++)
      for (const right of ['C', 'P'] as const) {
        const expiry = new Date(Date.UTC(2024, 5, 7 + 7 * e)).toISOString().slice(0, 10)
        contracts.push({
          instrument: contracts.length + 1,
          underlying: 0,
          expiry,
          tradingClass: 'SYN',
          strike: 100 - Math.floor(strikes / 2) + s,
          right,
        })
      }
  return contracts
}
