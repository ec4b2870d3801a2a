/** The contracts of one symbol and kind on one trading day, summed up: a row of the report. Pure. */

import type { Contract } from '../contract.ts'
import { acceptedTicks, type ContractDay } from './contract-day.ts'
import { type Fitness, fitnessOf, type Use } from './fitness.ts'
import { type Grade, gradeOf, type Letter, letterOf } from './grade.ts'

export interface GradedDay extends ContractDay {
  /** Undefined where nothing was wanted in trading hours, or it is not known what was wanted. */
  grade: Grade | undefined
  fitness: Fitness
}

export interface SymbolDay {
  date: string
  symbol: string
  kind: Contract['kind']
  contracts: number
  /** Mean of the contracts' scores, weighted by the time in which each was wanted; undefined when that is known of none. */
  score: number | undefined
  letter: Letter | undefined
  expectedUs: number
  coveredUs: number
  causes: readonly { cause: string; us: number }[]
  /** How many contracts are fit for what. */
  fit: Readonly<Record<Use, number>>
  /** Accepted ticks. */
  ticks: number
  initial: number
  late: number
  quarantined: number
  errors: number
  warnings: number
  quotedUs: number
  twoSidedUs: number
  /** Median of the contracts' median spreads, in currency per unit. */
  spread: number | undefined
  /** Mean of spread over mid, weighted by the time with two sides. */
  relativeSpread: number | undefined
  computed: { minutes: number; quotedMinutes: number } | undefined
}

/** Grades the contracts of one date. What an option is written on is the stock, or else the index, of its symbol. */
export function gradeDay(days: readonly ContractDay[]): GradedDay[] {
  const underlyings = new Map<string, ContractDay>()
  for (const day of days) if (day.kind === 'index') underlyings.set(day.symbol, day)
  for (const day of days) if (day.kind === 'stock') underlyings.set(day.symbol, day)
  return days.map((day) => ({ ...day, grade: gradeOf(day), fitness: fitnessOf(day, underlyings.get(day.symbol)) }))
}

/** By symbol, the underlying before its options. */
export function summarize(days: readonly GradedDay[]): SymbolDay[] {
  const groups = new Map<string, GradedDay[]>()
  for (const day of days) {
    const key = `${day.symbol} ${day.kind === 'option' ? 1 : 0} ${day.kind}`
    const group = groups.get(key)
    if (group) group.push(day)
    else groups.set(key, [day])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => summaryOf(group))
}

function summaryOf(days: readonly GradedDay[]): SymbolDay {
  const [{ date, symbol, kind } = never()] = days
  const sum = (value: (day: GradedDay) => number) => days.reduce((total, day) => total + value(day), 0)
  const expectedUs = sum((day) => day.expectedUs ?? 0)
  const score = expectedUs === 0 ? undefined : sum((day) => (day.grade?.score ?? 0) * (day.expectedUs ?? 0)) / expectedUs
  const fit: Record<Use, number> = { 'arbitrage study': 0, 'bar study': 0, not: 0 }
  for (const { fitness } of days) fit[fitness.fitFor]++
  const twoSidedUs = sum(({ standing }) => standing.twoSidedUs)
  const isComputed = days.some(({ computed }) => computed !== undefined)
  return {
    date,
    symbol,
    kind,
    contracts: days.length,
    score,
    letter: score === undefined ? undefined : letterOf(score),
    expectedUs,
    coveredUs: sum((day) => day.coveredUs),
    causes: causesOf(days),
    fit,
    ticks: sum(({ ticks }) => acceptedTicks(ticks)),
    initial: sum(({ ticks }) => ticks.initial),
    late: sum(({ ticks }) => ticks.late),
    quarantined: sum(({ judged }) => judged.quarantined),
    errors: sum(({ judged }) => judged.errors),
    warnings: sum(({ judged }) => judged.warnings),
    quotedUs: sum(({ standing }) => standing.quotedUs),
    twoSidedUs,
    spread: medianOf(days.flatMap(({ standing }) => (standing.spread ? [standing.spread.median] : []))),
    relativeSpread:
      twoSidedUs === 0 ? undefined : sum(({ standing: { spread, twoSidedUs: us } }) => (spread?.relative ?? 0) * us) / twoSidedUs,
    computed: isComputed
      ? { minutes: sum(({ computed }) => computed?.minutes ?? 0), quotedMinutes: sum(({ computed }) => computed?.quotedMinutes ?? 0) }
      : undefined,
  }
}

function causesOf(days: readonly ContractDay[]): { cause: string; us: number }[] {
  const totals = new Map<string, number>()
  for (const { causes } of days) for (const { cause, us } of causes) totals.set(cause, (totals.get(cause) ?? 0) + us)
  return [...totals].map(([cause, us]) => ({ cause, us })).sort((a, b) => b.us - a.us)
}

/** Of an even number, the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

function never(): never {
  throw new Error('expected at least one contract')
}
