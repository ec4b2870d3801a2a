/**
 * Shares the market-data lines among more contracts than there are lines: once a second it looks at the lines, has the planner decide
 * (plan/plan.ts), and has the registry do it.
 *
 * States: idle (nothing is wanted) -> fitting (every contract has a line, and keeps it) <-> rotating (there are more contracts than the
 * settings, or the gateway, have lines). Without a link nothing is decided: the lines that were held are asked for again over the next
 * one. While IB is away nothing is decided either; while no data is expected what is held stays.
 *
 * Rotation takes at most half of the messages that the pacer sends, so that look-ups and history have the rest. Where the gateway has
 * fewer lines than the settings say, one contract waits for one more, which is how LimitProbe learns that there is one.
 */

import { nyse } from '../../market/calendar/calendar.ts'
import type { Contract, OptionContract } from '../../market/contract.ts'
import type { GapLedger } from '../gaps/ledger.ts'
import { type Recorder, ROTATION } from '../record/recorder.ts'
import type { Events } from '../telemetry/events/index.ts'
import { Futile } from './futile.ts'
import { type Line, lineKey, type WantedLine } from './line.ts'
import { arrange, type Chains, type Pair } from './plan/chains.ts'
import { plan } from './plan/plan.ts'
import type { Plan, PlanHold, PlanReason, PlanSettings, RotationCoverage } from './plan/state.ts'
import type { LineRegistry } from './registry.ts'
import { Seen } from './seen.ts'

export interface LineBudgetOptions {
  lines: LineRegistry
  /** Absent: contracts beyond the lines are never watched. */
  settings: PlanSettings | undefined
  recorder: Pick<Recorder, 'lineMissing' | 'lineUnwanted' | 'missingSinceUs' | 'nowUs' | 'recording'>
  ledger: Pick<GapLedger, 'name'>
  events: Pick<Events, 'linesRotating'>
  /** The price of an underlying now, as far as its line says. */
  priceOf: (instrument: number) => number | undefined
  /** When a line had data last that is not the state at its request, in the market's time; 0: never. */
  newsUs: (line: Line) => number
  /** Most messages a second to the gateway. */
  messagesPerSecond: () => number
  /** IB, or a farm of these lines, is away. */
  isAway: (lines: readonly Line[]) => boolean
  /** Data of options is expected now. */
  isExpected: () => boolean
  /** Where other connections have budgets of their own: what all of them have seen, and whether a contract is with another now. */
  shared?: { seen: Seen; isElsewhere: (instrument: number) => boolean }
}

export interface WantedUniverse {
  /** Lines of underlyings. */
  pinned: readonly WantedLine[]
  /** Those that another connection holds. */
  elsewhere?: readonly WantedLine[]
  /** The options of each underlying, nearest the money first. */
  options: readonly (readonly (WantedLine & { contract: OptionContract })[])[]
  /** By the settings. */
  lines: number
  /** The price around which options were chosen, by instrument of the underlying. */
  centers: ReadonlyMap<number, number>
}

/** A line as it is shown. */
export interface HeldLine {
  instrument: number
  contract: Contract
  feed?: Line['feed']
  reason: 'pinned' | 'fits' | PlanReason
  state: Line['state']
  /** When the tape began to say that it is open. */
  sinceUs?: number
}

/** `limited`: contracts beyond the lines are never watched. */
export const BUDGET_STATES = ['idle', 'fitting', 'rotating', 'limited'] as const

export type BudgetState = (typeof BUDGET_STATES)[number]

export interface BudgetFigures {
  state: BudgetState
  settings: PlanSettings | undefined
  limit: number
  available: number
  pinned: number
  /** Undefined unless it rotates. */
  coverage: RotationCoverage | undefined
  longestUnseenMs: number
  /** Contracts that were not seen for longer than is asked for. */
  unseen: number
  /** So far. */
  turns: number
}

const DECISION_MS = 1000
/** Behind a line that is not wanted any more there is no gap. */
const CONFIG_CAUSE = 'config'
/** As the registry has it. */
const NO_LINE = 'no-line'
const MESSAGE_SHARE = 0.5
/** What swaps two pairs must fit, however few messages there are. */
const LEAST_MESSAGES = 8
/** Options are quoted for the first time up to a minute behind the open. */
const FIRST_DATA_US = 60_000_000

export class LineBudget {
  readonly #options: LineBudgetOptions
  readonly #seen: Seen
  readonly #futile = new Futile()
  #settings: PlanSettings | undefined
  #universe: WantedUniverse | undefined
  #wanted = new Map<number, WantedLine & { contract: OptionContract }>()
  #chains: Chains = arrange([])
  #active = new Uint8Array(0)
  #core: ReadonlySet<Pair> = new Set()
  #reasons = new Map<number, PlanReason>()
  #coverage: RotationCoverage | undefined
  #wishes = new Map<string, readonly number[]>()
  #messages = Number.POSITIVE_INFINITY
  #decidedMs = 0
  #unseen = 0
  #turns = 0
  #today = ''
  /** Since when data has been expected without a break, in the market's time. */
  #expectedUs: number | undefined
  #wasLinked = false
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: LineBudgetOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#seen = options.shared?.seen ?? new Seen(options)
  }

  /** Takes over other settings; the universe follows by itself. */
  configure(settings: PlanSettings | undefined): void {
    this.#settings = settings
  }

  /** True when contracts beyond the lines are watched in turn. */
  get isOn(): boolean {
    return this.#settings !== undefined
  }

  /** These contracts are wanted, and no others. */
  want(universe: WantedUniverse): void {
    // What was being looked for when the collector stopped is found too late.
    if (this.#isStopped) return
    this.#universe = universe
    const before = this.#wanted
    this.#wanted = new Map(universe.options.flat().map((option) => [option.instrument, option]))
    const isElsewhere = this.#options.shared?.isElsewhere ?? (() => false)
    for (const instrument of before.keys()) if (!this.#wanted.has(instrument) && !isElsewhere(instrument)) this.#forget(instrument)
    const { nowUs } = this.#options.recorder
    for (const { instrument, wantedUs = nowUs } of this.#wanted.values()) this.#seen.want(instrument, wantedUs)
    this.#arrange()
    this.#dropUnwanted()
    const missing = this.#missingPinned()
    if (missing.length > 0) this.#options.lines.want(missing)
    if (!this.#options.lines.all.some(({ instrument }) => this.#wanted.has(instrument))) this.#messages = Number.POSITIVE_INFINITY
    this.#decide()
    this.#timer ??= setInterval(() => this.#decide(), DECISION_MS)
  }

  /** Keeps these in view until they are wished for no more; `of` names the wish. */
  wish(of: string, instruments: readonly number[]): void {
    if (instruments.length > 0) this.#wishes.set(of, instruments)
    else this.#wishes.delete(of)
  }

  /** For good: nothing is decided or wanted any more. */
  stop(): void {
    this.#isStopped = true
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#universe = undefined
  }

  /** The clock was set: its times lie so much ahead of those before. */
  shift(byUs: number): void {
    if (!this.#options.shared) this.#seen.shift(byUs)
    if (this.#expectedUs !== undefined) this.#expectedUs += byUs
  }

  get figures(): BudgetFigures {
    const { lines } = this.#options
    const limit = this.#universe?.lines ?? 0
    const nowUs = this.#options.recorder.nowUs
    let oldestUs = nowUs
    for (const instrument of this.#wanted.keys()) oldestUs = Math.min(oldestUs, this.#seen.of(instrument))
    return {
      state: this.#state,
      settings: this.#settings,
      limit,
      available: lines.atMost(limit),
      pinned: this.#pinnedLines(),
      coverage: this.#coverage,
      longestUnseenMs: (nowUs - oldestUs) / 1000,
      unseen: this.#unseen,
      turns: this.#turns,
    }
  }

  get #state(): BudgetState {
    if (!this.#universe) return 'idle'
    if (this.#isFitting()) return 'fitting'
    return this.#settings ? 'rotating' : 'limited'
  }

  /** Every line that is wanted now, the most important first. */
  get held(): HeldLine[] {
    return this.#options.lines.all.map(({ instrument, contract, feed, state, held, heldSinceUs }) => {
      const reason = this.reasonOf(instrument)
      return { instrument, contract, ...(feed && { feed }), reason, state, ...(held && { sinceUs: heldSinceUs }) }
    })
  }

  /** Why the contract holds its line. */
  reasonOf(instrument: number): HeldLine['reason'] {
    return this.#wanted.has(instrument) ? (this.#reasons.get(instrument) ?? 'fits') : 'pinned'
  }

  #forget(instrument: number): void {
    this.#seen.forget(instrument)
    this.#options.recorder.lineUnwanted(instrument)
  }

  #arrange(): void {
    const { pinned = [], elsewhere = [], lines = 0 } = this.#universe ?? {}
    this.#today = nyse.zone.dateOf(this.#options.recorder.nowUs)
    for (const { instrument, contract } of this.#wanted.values()) if (contract.expiry < this.#today) this.#forget(instrument)
    const underlyings = new Map([...elsewhere, ...pinned].map(({ instrument, contract }) => [contract.symbol, instrument]))
    const contracts = [...this.#wanted.values()]
      .filter(({ contract }) => contract.expiry >= this.#today)
      .map(({ instrument, contract: { symbol, expiry, tradingClass, strike, right } }) => {
        return { instrument, underlying: underlyings.get(symbol) ?? -1, expiry, tradingClass, strike, right }
      })
    const before = new Set([...this.#core].flatMap(({ instruments }) => instruments))
    this.#chains = arrange(contracts, { singly: lines - this.#pinnedLines() < 2 })
    this.#core = new Set(this.#chains.pairs.filter(({ instruments }) => instruments.some((instrument) => before.has(instrument))))
    const size = Math.max(0, ...this.#wanted.keys()) + 1
    if (size > this.#active.length) {
      const active = new Uint8Array(size * 2)
      active.set(this.#active)
      this.#active = active
    }
  }

  /** Lines that the settings do not want any more, or have none for, are closed at once. */
  #dropUnwanted(): void {
    const { lines } = this.#options
    const { pinned = [], lines: limit = 0 } = this.#universe ?? {}
    const pinnedKeys = new Set(pinned.map(({ instrument }) => instrument))
    const kept = lines.all.filter(({ instrument }) => pinnedKeys.has(instrument) || this.#wanted.has(instrument))
    if (kept.length < lines.all.length) lines.wantOnly(kept, CONFIG_CAUSE)
    const options = kept.filter(({ feed, instrument }) => !feed && this.#wanted.has(instrument))
    const missing = this.#missingPinned().filter(({ feed }) => !feed).length
    const beyond = Math.max(0, lines.wanted + missing - Math.max(limit, this.#pinnedLines() + missing))
    const cause = this.#settings || missing === 0 ? ROTATION : NO_LINE
    if (beyond > 0) lines.exchange({ release: options.slice(-beyond).map(({ instrument }) => instrument), want: [], order: [], cause })
  }

  /** Lines of underlyings that were with another connection until now. */
  #missingPinned(): WantedLine[] {
    if (!this.#options.shared) return []
    const held = new Set(this.#options.lines.all.map(({ key }) => key))
    return (this.#universe?.pinned ?? []).filter((line) => !held.has(lineKey(line)))
  }

  /** What has expired at midnight gives its line back, however long the search for the next day takes. */
  #dropExpired(): void {
    const { lines } = this.#options
    const kept = lines.all.filter(({ contract }) => contract.kind !== 'option' || contract.expiry >= this.#today)
    if (kept.length < lines.all.length) lines.wantOnly(kept, CONFIG_CAUSE)
  }

  #pinnedLines(): number {
    return this.#options.lines.all.reduce((sum, { feed, instrument }) => sum + Number(!feed && !this.#wanted.has(instrument)), 0)
  }

  #isFitting(): boolean {
    const limit = this.#options.lines.atMost(this.#universe?.lines ?? 0)
    return this.#pinnedLines() + this.#chains.contracts <= limit
  }

  #decide(): void {
    const { lines, recorder, isAway, isExpected } = this.#options
    const settings = this.#settings
    if (!this.#universe || !recorder.recording) return
    const { nowUs } = recorder
    if (nyse.zone.dateOf(nowUs) !== this.#today) {
      this.#arrange()
      this.#dropExpired()
    }
    this.#seen.look(lines.all, nowUs)
    const expected = isExpected()
    // What came to nothing in the night may work in the session.
    if (expected && this.#expectedUs === undefined) this.#futile.clear()
    this.#expectedUs = expected ? (this.#expectedUs ?? nowUs) : undefined
    if (lines.isLinked && !this.#wasLinked) this.#futile.clear()
    this.#wasLinked = lines.isLinked
    const isSharing = !this.#isFitting()
    const isRotating = settings !== undefined && isSharing
    lines.share(isRotating)
    if (!isSharing) this.#fit()
    else if (!settings) this.#fill()
    else if (lines.isLinked && !isAway(lines.all) && !this.#isPaused()) this.#rotate(settings, nowUs, !expected)
    if (isRotating) this.#nameUnseen(settings, nowUs)
    else this.#unseen = 0
  }

  /** Another session of the user has the market data. */
  #isPaused(): boolean {
    const { paused, open } = this.#options.lines.marketData
    return paused > 0 && open === 0
  }

  #fit(): void {
    this.#coverage = undefined
    this.#reasons.clear()
    const wanted = this.#withoutLine()
    if (wanted.length > 0) this.#options.lines.want(wanted)
  }

  /** Nothing takes turns: what came from another connection has the lines that are free, the nearest to the money first. */
  #fill(): void {
    const { lines, shared } = this.#options
    if (!shared) return
    const free = lines.atMost(this.#universe?.lines ?? 0) - lines.wanted
    if (free > 0) lines.want(this.#withoutLine().slice(0, free))
  }

  #withoutLine(): WantedLine[] {
    const missing = [...this.#wanted.values()].filter(({ instrument }) => !this.#options.lines.lineAt(instrument))
    return missing.filter(({ contract }) => contract.expiry >= this.#today)
  }

  #rotate(settings: PlanSettings, nowUs: number, isFrozen: boolean): void {
    const { lines, messagesPerSecond, priceOf } = this.#options
    const nowMs = performance.now()
    const rate = Math.max(1, messagesPerSecond() * MESSAGE_SHARE)
    if (Number.isFinite(this.#messages))
      this.#messages = Math.min(Math.max(rate, LEAST_MESSAGES), this.#messages + (rate * (nowMs - this.#decidedMs)) / 1000)
    this.#decidedMs = nowMs
    const holds = this.#holds(nowMs, nowUs, settings)
    const state = {
      chains: this.#chains,
      lines: Math.max(0, lines.atMost(this.#universe?.lines ?? 0) - this.#pinnedLines()),
      settings,
      nowMs,
      nowUs,
      messages: this.#messages,
      messagesPerSecond: rate,
      priceOf: (underlying: number) => priceOf(underlying) ?? this.#universe?.centers.get(underlying),
      holds,
      seenUs: this.#seen.lastUs,
      active: this.#active,
      wishes: new Set([...this.#wishes.values()].flat()),
      blocked: this.#futile.at(nowMs),
      core: this.#core,
      isFrozen,
    }
    this.#follow(plan(state), holds)
  }

  #follow(decided: Plan, holds: ReadonlyMap<number, PlanHold>): void {
    const { lines, newsUs, events } = this.#options
    const isFirst = !Number.isFinite(this.#messages)
    for (const instrument of decided.release) {
      const line = lines.lineAt(instrument)
      if (line) this.#active[instrument] = newsUs(line) > line.heldSinceUs ? 1 : 0
    }
    const sent = decided.release.filter((instrument) => holds.get(instrument)?.sinceMs !== undefined).length
    this.#messages = isFirst ? 0 : this.#messages - sent - decided.take.length
    this.#core = decided.core
    this.#reasons = new Map(decided.holds.map(({ instrument, reason }) => [instrument, reason]))
    this.#turns += decided.take.length
    const release = [...decided.release, ...this.#idle(decided)]
    if (release.length + decided.take.length > 0)
      lines.exchange({
        release,
        want: decided.take.flatMap((instrument) => this.#lineOf(instrument)),
        // What waits for one line more has the last place.
        order: [...new Set([...decided.holds.map(({ instrument }) => instrument), ...this.#wanted.keys()])],
        cause: ROTATION,
      })
    this.#coverage = decided.coverage
    events.linesRotating({ ...decided.coverage, lines: this.#universe?.lines ?? 0, seenEveryMs: this.#settings?.seenEveryMs ?? 0 })
  }

  #lineOf(instrument: number): WantedLine[] {
    const wanted = this.#wanted.get(instrument)
    if (!wanted) return []
    // What is core is to be held from the beginning on.
    const isSampled = this.#seen.isKnown(instrument) || this.#reasons.get(instrument) !== 'core'
    return [{ ...wanted, wantedUs: this.#seen.of(instrument), isSampled }]
  }

  /** Lines of options that hold nothing and are not planned; one that waits for a line stays, so that the gateway is asked for one more. */
  #idle({ holds }: Plan): number[] {
    const planned = new Set(holds.map(({ instrument }) => instrument))
    const { lines } = this.#options
    const idle = lines.all.filter(
      ({ feed, instrument, state }) =>
        !feed && this.#wanted.has(instrument) && !planned.has(instrument) && (state === 'no-line' || state === 'refused'),
    )
    const isWaiting = lines.all.some(({ state, instrument }) => state === 'no-line' && planned.has(instrument))
    const waiting = isWaiting ? undefined : idle.find(({ state }) => state === 'no-line')
    return idle.filter((line) => line !== waiting).map(({ instrument }) => instrument)
  }

  /** What holds a line of the gateway's, and since when. */
  #holds(nowMs: number, nowUs: number, { minimumHoldMs }: PlanSettings): Map<number, PlanHold> {
    const isDataDue = this.#expectedUs !== undefined && nowUs - this.#expectedUs >= FIRST_DATA_US
    const holds = new Map<number, PlanHold>()
    for (const line of this.#options.lines.all) {
      const { instrument, feed, state, reqId, sentMs } = line
      if (feed || !this.#wanted.has(instrument) || state === 'no-line') continue
      if (state === 'refused') {
        this.#futile.failed(instrument, nowMs)
        continue
      }
      const sinceMs = reqId === undefined ? undefined : (sentMs ?? nowMs)
      const isOver = sinceMs !== undefined && nowMs - sinceMs >= minimumHoldMs
      const isAnswered = (state === 'open' || state === 'silent') && line.unanswered === 0
      const isFutile = isOver && !(line.held && line.hasData) && (!isAnswered || isDataDue)
      if (isFutile) this.#futile.failed(instrument, nowMs)
      else if (line.held && line.hasData) this.#futile.worked(instrument)
      holds.set(instrument, { sinceMs, isFutile })
    }
    return holds
  }

  #nameUnseen({ seenEveryMs }: PlanSettings, nowUs: number): void {
    // Before data was expected nobody could be seen.
    if (this.#expectedUs === undefined) return
    const beforeUs = nowUs - seenEveryMs * 1000
    this.#unseen = this.#expectedUs > beforeUs ? 0 : this.#seen.name(this.#chains.pairOf.keys(), beforeUs)
  }
}
