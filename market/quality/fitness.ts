/** What a contract's day can be used for, and which conditions it fails. The limits are stated in docs/quality.md. */

import { acceptedTicks, completenessOf, type ContractDay, watchedPart, wrongTicks } from './contract-day.ts'

/** The last one can serve neither. */
export type Use = 'arbitrage study' | 'bar study' | 'not'

export interface Fitness {
  fitFor: Use
  /** Why it is fit for nothing better, with figures. Empty when it is fit for everything. */
  because: readonly string[]
}

export const ARBITRAGE = {
  completeness: 0.99,
  longestGapUs: 60_000_000,
  /** Of the ticks; a single one is always allowed. */
  wrong: 0.001,
  late: 0.01,
  merged: 0.05,
  /** Of the time with data: that in which a quote stood. */
  quoted: 0.95,
} as const

export const BARS = { completeness: 0.95, wrong: 0.01 } as const

/** Of so many quotes at least, all but a twentieth in the first second of a minute: no coincidence. */
export const SAMPLED = { quotes: 20, share: 0.95 } as const

/** @param underlying the day of what an option is written on; undefined: it was not recorded. Of other kinds it is not looked at */
export function fitnessOf(day: ContractDay, underlying?: ContractDay): Fitness {
  const notBars = barFaults(day)
  if (notBars.length > 0) return { fitFor: 'not', because: notBars }
  const notArbitrage = arbitrageFaults(day)
  if (day.kind === 'option') notArbitrage.push(...underlyingFaults(underlying, notArbitrage))
  return notArbitrage.length > 0 ? { fitFor: 'bar study', because: notArbitrage } : { fitFor: 'arbitrage study', because: [] }
}

function barFaults(day: ContractDay): string[] {
  if (day.expectedUs === 0) return ['not wanted in trading hours']
  const completeness = completenessOf(day)
  if (completeness === undefined) return ['what was wanted is not known: there are ticks and no line']
  const faults: string[] = []
  if (completeness < BARS.completeness) faults.push(`data for ${percent(completeness)} of the time, below ${percent(BARS.completeness)}`)
  faults.push(...turnFaults(day, BARS.completeness))
  if (day.ticks.quotes + day.ticks.trades === 0) faults.push('no quote and no trade')
  faults.push(...wrongFaults(day, BARS.wrong))
  return faults
}

function arbitrageFaults(day: ContractDay): string[] {
  const { ticks, standing, coveredUs, longestGapUs } = day
  const completeness = completenessOf(day) ?? 0
  const accepted = acceptedTicks(ticks)
  const faults: string[] = []
  const limit = (what: string, part: number, most: number) => {
    if (part > most) faults.push(`${percent(part)} ${what}, above ${percent(most)}`)
  }
  if (completeness < ARBITRAGE.completeness)
    faults.push(`data for ${percent(completeness)} of the time, below ${percent(ARBITRAGE.completeness)}`)
  faults.push(...turnFaults(day, ARBITRAGE.completeness))
  if (longestGapUs > ARBITRAGE.longestGapUs)
    faults.push(`a gap of ${Math.round(longestGapUs / 1_000_000)} s, above ${ARBITRAGE.longestGapUs / 1_000_000} s`)
  faults.push(...wrongFaults(day, ARBITRAGE.wrong))
  limit('of the ticks late', ticks.late / accepted, ARBITRAGE.late)
  if (ticks.delayed > 0) faults.push(`${ticks.delayed} ticks of delayed data`)
  // An index has values and no quotes.
  if (day.kind === 'index') return faults
  limit('of the quotes merged', ticks.quotes === 0 ? 0 : ticks.merged / ticks.quotes, ARBITRAGE.merged)
  const quoted = coveredUs === 0 ? 0 : standing.quotedUs / coveredUs
  if (quoted < ARBITRAGE.quoted) faults.push(`a quote for ${percent(quoted)} of the time with data, below ${percent(ARBITRAGE.quoted)}`)
  if (isSampled(day)) faults.push('one quote a minute: samples, not every change')
  return faults
}

/** What shares a line has gaps in its data that are no gaps of the recording. */
function turnFaults(day: ContractDay, least: number): string[] {
  const watched = watchedPart(day)
  return watched < least ? [`watched in turns, for ${percent(watched)} of the time, below ${percent(least)}`] : []
}

/** Options and stocks whose quotes all stand at the minute were sampled by whoever recorded them first. */
function isSampled({ ticks: { quotes, onMinute } }: ContractDay): boolean {
  return quotes >= SAMPLED.quotes && onMinute >= SAMPLED.share * quotes
}

/** Without what the option fails by the same figure. */
function underlyingFaults(underlying: ContractDay | undefined, known: readonly string[]): string[] {
  if (!underlying) return ['its underlying was not recorded']
  return arbitrageFaults(underlying)
    .filter((fault) => !known.includes(fault))
    .map((fault) => `its underlying: ${fault}`)
}

function wrongFaults({ ticks, judged }: ContractDay, most: number): string[] {
  const wrong = wrongTicks(judged)
  const all = acceptedTicks(ticks) + judged.quarantined
  return wrong > Math.max(1, most * all) ? [`${percent(wrong / all)} of the ticks wrong, above ${percent(most)}`] : []
}

/** Two digits behind the point, cut and not rounded: 99.999 % is no 100 %. */
const percent = (value: number): string => `${Math.floor(value * 10_000 + 1e-6) / 100} %`
