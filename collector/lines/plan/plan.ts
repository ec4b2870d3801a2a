/**
 * Which options hold a market-data line now, and why. Pure: the same state gives the same plan, and a plan is a step from the lines that
 * are held to those that should be: some are released, some taken.
 *
 *   core      the strikes nearest to the money of each expiry (core.ts)
 *   edge      what somebody has asked to keep watching, as the legs of an arbitrage that is open; at most a quarter of the rest
 *   rotation  all others, each for a short hold, the one that was not seen for longest first (rotation.ts)
 *
 * Both rights of a strike come and go together. No line that was asked for is released within the minimum hold, whatever happens; where
 * lines are to be given up because there are fewer, rotation goes first, then edges, then the core, its least important strikes first.
 * A decision causes no more messages than it is allowed: what is left follows with the next one.
 */

import type { Pair } from './chains.ts'
import { corePairs } from './core.ts'
import { rotationCoverage } from './coverage.ts'
import { longestUnseen } from './rotation.ts'
import type { Plan, PlanReason, PlanSettings, PlanState } from './state.ts'

/** Of all lines, for the nearest strike of every expiry: the rest must not stand still. */
const NEAREST_PERCENT = 80
/** Of the lines beside the core. */
const EDGE_SHARE = 0.25

export function plan(state: PlanState): Plan {
  const { chains, lines, settings } = state
  const isBlocked = (pair: Pair) => pair.instruments.every((instrument) => state.blocked.has(instrument))
  const core = corePairs(chains, {
    strikes: settings.coreStrikes,
    nearestLines: nearestLines(lines, settings),
    lines: shareOf(lines, settings.corePercent),
    priceOf: state.priceOf,
    before: state.core,
    isBlocked: state.blocked.size > 0 ? isBlocked : () => false,
  })
  const kept = new Map<Pair, PlanReason>(core.map((pair) => [pair, 'core']))
  const edges = edgePairs(state, kept)
  for (const pair of edges) kept.set(pair, 'edge')
  const step = new Step(state, kept)
  step.shrink()
  for (const pair of kept.keys()) if (!step.take(pair)) break
  const coverage = rotationCoverage(state, kept)
  if (state.isFrozen) step.freeze()
  const turns = longestUnseen(state, { wanted: step.room, isTaken: (pair) => step.isTaken(pair), coverage })
  for (const pair of turns) if (!step.take(pair)) break
  return { ...step.result, core: new Set(core), coverage }
}

const shareOf = (lines: number, percent: number) => Math.floor((lines * percent) / 100)

/** Two lines are left at least, for a pair that has its turn. A core of no lines is none. */
function nearestLines(lines: number, { corePercent }: PlanSettings): number {
  if (corePercent === 0) return 0
  return Math.max(shareOf(lines, corePercent), Math.min(shareOf(lines, NEAREST_PERCENT), lines - 2))
}

/** Pairs that somebody wishes to keep in view, as many as have room. */
function edgePairs({ chains, lines, wishes, blocked }: PlanState, core: ReadonlyMap<Pair, PlanReason>): Pair[] {
  const edges = new Set<Pair>()
  let room = Math.floor((lines - linesOf(core.keys())) * EDGE_SHARE)
  for (const instrument of wishes) {
    const pair = chains.pairOf.get(instrument)
    if (!pair || core.has(pair) || edges.has(pair) || blocked.has(instrument)) continue
    room -= pair.instruments.length
    if (room < 0) break
    edges.add(pair)
  }
  return [...edges]
}

/** From what is held towards what should be. */
class Step {
  readonly #state: PlanState
  readonly #kept: ReadonlyMap<Pair, PlanReason>
  readonly #held = new Map<Pair, number[]>()
  /** What may be released, the first one first. */
  readonly #releasable: Pair[]
  readonly #release: number[] = []
  readonly #take: number[] = []
  #free: number
  #messages: number

  constructor(state: PlanState, kept: ReadonlyMap<Pair, PlanReason>) {
    this.#state = state
    this.#kept = kept
    this.#free = state.lines - state.holds.size
    this.#messages = state.messages
    for (const instrument of state.holds.keys()) {
      const pair = state.chains.pairOf.get(instrument)
      if (!pair) continue
      const legs = this.#held.get(pair)
      if (legs) legs.push(instrument)
      else this.#held.set(pair, [instrument])
    }
    this.#releasable = [...this.#held.keys()]
      .filter((pair) => !kept.has(pair) && this.#mayRelease(pair))
      .map((pair) => ({ pair, sinceMs: this.#sinceMs(pair) }))
      .sort((a, b) => a.sinceMs - b.sinceMs)
      .map(({ pair }) => pair)
  }

  /** Contracts that rotation may take at most. */
  get room(): number {
    return Math.max(0, this.#free) + this.#releasable.reduce((sum, pair) => sum + (this.#held.get(pair)?.length ?? 0), 0)
  }

  isTaken(pair: Pair): boolean {
    return this.#held.has(pair)
  }

  /** What is held stays from now on. */
  freeze(): void {
    this.#releasable.length = 0
  }

  /** There are fewer lines than are held, or a line is held for nothing. */
  shrink(): void {
    for (const pair of this.#held.keys()) {
      const legs = this.#held.get(pair) ?? []
      const futile = legs.filter((instrument) => this.#state.holds.get(instrument)?.isFutile && this.#isOver(instrument))
      for (const instrument of futile) this.#drop(pair, instrument)
    }
    while (this.#free < 0 && this.#releaseNext());
  }

  /** False when there is no room for it, or no message left: nothing less important may be taken either. */
  take(pair: Pair): boolean {
    const { holds, blocked } = this.#state
    const held = this.#held.get(pair) ?? []
    const missing = pair.instruments.filter((instrument) => !held.includes(instrument) && !blocked.has(instrument))
    if (missing.length === 0) return true
    const needed = missing.length - this.#free
    const toRelease = needed > 0 ? this.#firstReleasable(needed) : []
    if (!toRelease) return false
    const freed = toRelease.flatMap((other) => this.#held.get(other) ?? [])
    const messages = missing.length + freed.filter((instrument) => holds.get(instrument)?.sinceMs !== undefined).length
    if (messages > this.#messages) return false
    for (let i = 0; i < toRelease.length; i++) this.#releaseNext()
    this.#messages -= missing.length
    this.#free -= missing.length
    this.#take.push(...missing)
    this.#held.set(pair, [...held, ...missing])
    return true
  }

  get result(): Pick<Plan, 'release' | 'take' | 'holds'> {
    const reasonOf = (pair: Pair): PlanReason => this.#kept.get(pair) ?? 'rotation'
    const first = [...this.#kept.keys()].filter((pair) => this.#held.has(pair))
    const others = [...this.#held.keys()].filter((pair) => !this.#kept.has(pair))
    const holds = [...first, ...others].flatMap((pair) =>
      (this.#held.get(pair) ?? []).map((instrument) => ({ instrument, reason: reasonOf(pair) })),
    )
    return { release: this.#release, take: this.#take, holds }
  }

  /** Enough of what may be released for so many lines; undefined when there is not so much. */
  #firstReleasable(lines: number): Pair[] | undefined {
    const found: Pair[] = []
    let freed = 0
    for (const pair of this.#releasable) {
      if (freed >= lines) break
      freed += this.#held.get(pair)?.length ?? 0
      found.push(pair)
    }
    return freed >= lines ? found : undefined
  }

  #releaseNext(): boolean {
    const pair = this.#releasable.shift()
    if (!pair) return false
    for (const instrument of this.#held.get(pair) ?? []) this.#drop(pair, instrument)
    return true
  }

  #drop(pair: Pair, instrument: number): void {
    const left = (this.#held.get(pair) ?? []).filter((other) => other !== instrument)
    if (left.length > 0) this.#held.set(pair, left)
    else this.#held.delete(pair)
    this.#release.push(instrument)
    this.#free++
    if (this.#state.holds.get(instrument)?.sinceMs !== undefined) this.#messages--
  }

  #mayRelease(pair: Pair): boolean {
    return (this.#held.get(pair) ?? []).every((instrument) => this.#isOver(instrument))
  }

  #isOver(instrument: number): boolean {
    const sinceMs = this.#state.holds.get(instrument)?.sinceMs
    return sinceMs === undefined || this.#state.nowMs - sinceMs >= this.#state.settings.minimumHoldMs
  }

  #sinceMs(pair: Pair): number {
    const since = (this.#held.get(pair) ?? []).map((instrument) => this.#state.holds.get(instrument)?.sinceMs ?? Number.NEGATIVE_INFINITY)
    return Math.max(...since)
  }
}

function linesOf(pairs: Iterable<Pair>): number {
  let lines = 0
  for (const { instruments } of pairs) lines += instruments.length
  return lines
}
