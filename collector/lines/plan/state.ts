/** What the planner is given, and what it decides. */

import type { Chains, Pair } from './chains.ts'

export interface PlanSettings {
  /** Strikes of each expiry that always hold lines. */
  coreStrikes: number
  /** Most of the lines that these may have, of a hundred; the nearest ones of each expiry four fifths, unless it is 0. */
  corePercent: number
  minimumHoldMs: number
  /** Every contract is to be seen once in this time. */
  seenEveryMs: number
}

/** Why an option holds a line. */
export type PlanReason = 'core' | 'edge' | 'rotation'

export interface PlanHold {
  /** When its request went out, in monotonic milliseconds; undefined before: it can be taken back without a message. */
  sinceMs: number | undefined
  /** It holds a line for nothing: refused, or without an answer. */
  isFutile?: boolean
}

export interface PlanState {
  chains: Chains
  /** Market-data lines for options: what the settings and the gateway have, without those of the underlyings. */
  lines: number
  settings: PlanSettings
  /** Monotonic. */
  nowMs: number
  /** The market's time. */
  nowUs: number
  /** Messages that this decision may cause: one to release a line, one to take one. */
  messages: number
  /** Messages that rotation may cause in a second, in the long run. */
  messagesPerSecond: number
  priceOf: (underlying: number) => number | undefined
  /** By instrument. */
  holds: ReadonlyMap<number, PlanHold>
  /** When each contract had data last, in the market's time, by instrument; when it has been wanted since, where it had none. */
  seenUs: Float64Array
  /** 1 for each instrument that ticked when it was watched last. */
  active: Uint8Array
  /** Instruments that are to be kept in view. */
  wishes: ReadonlySet<number>
  /** Instruments that are not to be asked for now. */
  blocked: ReadonlySet<number>
  /** What was core in the plan before. */
  core: ReadonlySet<Pair>
  /** No data is expected: only lines that are free are taken, and nothing rotates. */
  isFrozen?: boolean
}

export interface Plan {
  /** Instruments to be released, first. */
  release: number[]
  /** Instruments to be taken, in this order. */
  take: number[]
  /** What is held when that is done, the most important first. */
  holds: { instrument: number; reason: PlanReason }[]
  core: ReadonlySet<Pair>
  coverage: RotationCoverage
}

/** How well the lines cover the universe. */
export interface RotationCoverage {
  /** Options of the universe. */
  contracts: number
  /** Of these, always watched. */
  core: number
  edge: number
  /** Watched in turn. */
  rotating: number
  /** Not asked for now: refused, or without an answer. */
  blocked: number
  /** Lines that they share. */
  rotationLines: number
  /** That all of them have had their turn once takes so long; Infinity where they have no line. */
  roundMs: number
  /** Every contract can be seen as often as is asked for. */
  isKept: boolean
  /** Expiries whose nearest strike is core, of so many. */
  coreExpiries: number
  expiries: number
}
