/**
 * What is measured of one contract on one trading day, and of all contracts of a symbol. Pure data: durations in microseconds of trading
 * hours, counts in ticks. The definitions are in docs/quality.md.
 */

import type { Contract } from '../contract.ts'

/** How long spreads stood, in currency per unit: quantiles weighted by time. */
export interface SpreadFigures {
  /** Mean weighted by time. */
  mean: number
  p05: number
  median: number
  p95: number
  /** Mean of the spread over the mid price, weighted by time, as a fraction. */
  relative: number
}

/** Which quotes stood in the hours of a day. */
export interface StandingFigures {
  /** With a bid, an ask, or both. */
  quotedUs: number
  /** With both. */
  twoSidedUs: number
  lockedUs: number
  crossedUs: number
  /** Absent: at no moment had the quote two sides. */
  spread?: SpreadFigures | undefined
}

/** What was recorded between midnight and midnight, in the zone of the exchange. */
export interface TickFigures {
  quotes: number
  trades: number
  greeks: number
  statistics: number
  /** The first value after a request. */
  initial: number
  /** Came in the burst behind a stall. */
  late: number
  /** Quotes whose parts may not belong together. */
  merged: number
  delayed: number
  /** Quotes in the first second of a minute: all of them in data that was sampled once a minute. */
  onMinute: number
}

/** What the rules said, each tick once, however many rules spoke on it. */
export interface JudgedFigures {
  /** Kept out by a rule, or by the database, which could not store them. Not among `TickFigures`. */
  quarantined: number
  /** Flagged by a rule of severity `error`, and kept. */
  errors: number
  /** Flagged by a rule of severity `warning`, and by none of severity `error`. What is only information is no doubt. */
  warnings: number
}

export interface ContractDay {
  date: string
  key: string
  symbol: string
  kind: Contract['kind']
  /** Trading time in which it was wanted; 0: only outside of trading hours. Undefined: ticks are there and no line is, so that nobody knows what is missing. */
  expectedUs: number | undefined
  coveredUs: number
  /** The longest time without data in trading hours. */
  longestGapUs: number
  /** Trading time between its turns, when it shared lines with others: no gap, and nothing was recorded. Absent: it kept its line. */
  betweenTurnsUs?: number
  /** What is missing, by cause: the most first. */
  causes: readonly { cause: string; us: number }[]
  standing: StandingFigures
  ticks: TickFigures
  judged: JudgedFigures
  /** Minutes in which the quote changed, and those of them in which an implied volatility came. Options only. */
  computed?: { minutes: number; quotedMinutes: number } | undefined
}

export const NO_STANDING: StandingFigures = { quotedUs: 0, twoSidedUs: 0, lockedUs: 0, crossedUs: 0 }

export const NO_TICKS: TickFigures = {
  quotes: 0,
  trades: 0,
  greeks: 0,
  statistics: 0,
  initial: 0,
  late: 0,
  merged: 0,
  delayed: 0,
  onMinute: 0,
}

/** Ticks in the tables of ticks. */
export const acceptedTicks = ({ quotes, trades, greeks, statistics }: TickFigures): number => quotes + trades + greeks + statistics

export const NO_JUDGED: JudgedFigures = { quarantined: 0, errors: 0, warnings: 0 }

/** Ticks that no study should use. */
export const wrongTicks = ({ quarantined, errors }: JudgedFigures): number => quarantined + errors

/** The part of the time between its first and its last turn in which it was watched; 1 where it kept its line. */
export function watchedPart({ expectedUs = 0, betweenTurnsUs = 0 }: Pick<ContractDay, 'expectedUs' | 'betweenTurnsUs'>): number {
  return betweenTurnsUs === 0 ? 1 : expectedUs / (expectedUs + betweenTurnsUs)
}

/** The part of the wanted time that has data; undefined where there was none, or it is not known what was wanted. */
export function completenessOf({ expectedUs, coveredUs }: Pick<ContractDay, 'expectedUs' | 'coveredUs'>): number | undefined {
  return expectedUs === undefined || expectedUs === 0 ? undefined : coveredUs / expectedUs
}
