/** Grades and uses in words, and what of much is shown: the same in the terminal and on the page. */

import type { Fitness } from '../../market/quality/fitness.ts'
import type { Deduction, Grade } from '../../market/quality/grade.ts'
import type { GradedDay, SymbolDay } from '../../market/quality/symbol-day.ts'

const FAULTS: Readonly<Record<Deduction['fault'], string>> = {
  missing: 'of the time missing',
  wrong: 'of the ticks wrong',
  doubted: 'of the ticks doubted',
  late: 'of the ticks late',
  delayed: 'of the ticks delayed',
}

/** `C 92.50 = 100 - 6.00 (6.00 % of the time missing) - 1.50 (0.30 % of the ticks wrong)`. */
export function arithmetic({ letter, score, deductions }: Grade): string {
  const terms = deductions.map(({ fault, share, points }) => ` - ${figure(points)} (${figure(share * 100)} % ${FAULTS[fault]})`)
  return `${letter} ${figure(score)} = 100${terms.join('')}`
}

/** `fit for: bar study, because of a gap of 312 s, above 60 s`. */
export function sentenceOf({ fitFor, because }: Fitness): string {
  return `fit for: ${fitFor}${because.length > 0 ? `; more is prevented by: ${because.join('; ')}` : ''}`
}

/** Enough digits that a small fault does not look like none. */
function figure(value: number): string {
  return value !== 0 && value < 0.01 ? value.toPrecision(1) : value.toFixed(2)
}

/** The most first. */
export function causesOf(symbols: readonly SymbolDay[]): { cause: string; us: number }[] {
  const totals = new Map<string, number>()
  for (const { causes } of symbols) for (const { cause, us } of causes) totals.set(cause, (totals.get(cause) ?? 0) + us)
  return [...totals].map(([cause, us]) => ({ cause, us })).sort((a, b) => b.us - a.us)
}

/** Those with the least, in the order that they had. */
export function worst<T>(items: readonly T[], most: number, rank: (item: T) => number): T[] {
  const kept = new Set(items.toSorted((a, b) => rank(a) - rank(b)).slice(0, most))
  return items.filter((item) => kept.has(item))
}

/** Why contract-days are fit for nothing better, the most frequent first. Figures are left out, limits are not: `data for … % of the time, below 99 %`. */
export function reasonsOf(contracts: readonly GradedDay[]): { reason: string; contractDays: number }[] {
  const counts = new Map<string, number>()
  for (const { fitness } of contracts)
    for (const text of fitness.because) {
      const reason = text.replace(/\d[\d.]*/, '…')
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
  return [...counts].map(([reason, contractDays]) => ({ reason, contractDays })).sort((a, b) => b.contractDays - a.contractDays)
}
