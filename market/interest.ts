/** Interest rates as markets quote them: terms such as 3M, and compounding, made into days and continuous rates (ACT/365). */

import { addDays, daysBetween } from './time.ts'

export const COMPOUNDINGS = ['continuous', 'annual', 'semiannual', 'quarterly', 'monthly', 'simple', 'simple-360'] as const

/**
 * How a rate r compounds. With n periods a year 1 grows to (1 + r/n)^n in a year; `simple` to 1 + r days/365 in all, as on money markets, and
 * `simple-360` to 1 + r days/360.
 */
export type Compounding = (typeof COMPOUNDINGS)[number]

const PERIODS: Readonly<Partial<Record<Compounding, number>>> = { annual: 1, semiannual: 2, quarterly: 4, monthly: 12 }
const DAYS_PER_YEAR = 365
/** Of `simple-360`. */
const MONEY_MARKET_DAYS = 360

/**
 * The continuously compounded rate with the same growth (Hull, Options, Futures, and Other Derivatives, chapter 4: R_c = n ln(1 + R_n / n)).
 *
 * @param rate annual fraction
 * @param days of the term; counts for simple interest only
 * @returns an annual fraction, ACT/365; NaN where the growth is not above 0
 */
export function continuousRate(rate: number, compounding: Compounding, days: number): number {
  if (compounding === 'continuous') return rate
  const periods = PERIODS[compounding]
  if (periods !== undefined) return periods * Math.log(1 + rate / periods)
  const growth = 1 + (rate * days) / (compounding === 'simple' ? DAYS_PER_YEAR : MONEY_MARKET_DAYS)
  return (Math.log(growth) * DAYS_PER_YEAR) / days
}

const TERM = /^(\d{1,3}) ?(d|w|m|y|days?|weeks?|mo|mos|mon|months?|yr|yrs|years?)$/i
const LAST_MONTH = 12

/**
 * Days from `asOf` (`YYYY-MM-DD`) of a term such as 1D, ON, 2W, 3M, `6 Mo`, `1 Yr`; a plain number is days. Months and years end on the same day
 * of the month, or on its last. Undefined when it is none, or no days.
 */
export function termDays(term: string, asOf: string): number | undefined {
  const text = term.trim()
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  if (/^o\/?n$/i.test(text)) return 1
  const [, countText = '', unitText = ''] = TERM.exec(text) ?? []
  const count = Number(countText)
  if (!(count > 0)) return undefined
  const unit = unitText[0]?.toLowerCase()
  if (unit === 'd') return count
  if (unit === 'w') return 7 * count
  return daysBetween(asOf, addMonths(asOf, unit === 'y' ? LAST_MONTH * count : count))
}

function addMonths(date: string, months: number): string {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number)
  const index = year * LAST_MONTH + (month - 1) + months
  const firstOf = (at: number) =>
    `${String(Math.floor(at / LAST_MONTH)).padStart(4, '0')}-${String((at % LAST_MONTH) + 1).padStart(2, '0')}-01`
  const first = firstOf(index)
  const lastDay = daysBetween(first, firstOf(index + 1))
  return addDays(first, Math.min(day, lastDay) - 1)
}
