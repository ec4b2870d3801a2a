/** What money costs: rates by term, and dividends by ex-date. Days are calendar days, a year has 365 of them (ACT/365). */

import { TapedeckError } from '../errors.ts'
import { daysBetween } from '../time.ts'

const DAYS_PER_YEAR = 365

export interface RatePoint {
  /** Calendar days from the day the rates are of. */
  days: number
  /** Continuously compounded annual fraction: 0.05 is 5 %. */
  rate: number
}

/** A payment per unit of the underlying. */
export interface DatedPayment {
  /** `YYYY-MM-DD`. Who holds the underlying the evening before is paid. */
  exDate: string
  amount: number
}

/**
 * The rate for a term. Between two points the forward rate is constant (the logarithm of the discount factor is a straight line); before
 * the first and behind the last their rates go on. 0 without points.
 *
 * @param points by rising days.
 */
export function rateFor(points: readonly RatePoint[], days: number): number {
  const first = points[0]
  if (first === undefined) return 0
  if (days <= first.days) return first.rate
  for (let i = 1; i < points.length; i++) {
    const [before, after] = [points[i - 1] as RatePoint, points[i] as RatePoint]
    if (days > after.days) continue
    const share = (days - before.days) / (after.days - before.days)
    return ((1 - share) * before.rate * before.days + share * after.rate * after.days) / days
  }
  return (points[points.length - 1] as RatePoint).rate
}

/** What 1, paid so many days from now, is worth now. */
export function discountFactor(points: readonly RatePoint[], days: number): number {
  return Math.exp((-rateFor(points, days) * days) / DAYS_PER_YEAR)
}

/** What 1 is worth now when it is paid on any day until one that is so many days from now. */
export interface DiscountRange {
  least: number
  most: number
  /** By how much more it is worth on a later day than on an earlier one, at the most: 0 while no rate between two days is negative. */
  rise: number
}

export function discountRange(points: readonly RatePoint[], days: number): DiscountRange {
  const range = { least: 1, most: 1, rise: 0 }
  // Between two points the logarithm is a straight line, so that the extremes are at points.
  for (const day of [...points.map((point) => point.days).filter((day) => day < days), days]) {
    const discount = discountFactor(points, day)
    range.least = Math.min(range.least, discount)
    range.most = Math.max(range.most, discount)
    range.rise = Math.max(range.rise, discount - range.least)
  }
  return range
}

/**
 * What 1 loses, in today's money, when it comes so many nights late: at the highest forward rate until `days`, on any day. An upper bound, exact
 * on a flat curve. 0 while no rate is positive.
 */
export function lateLoss(points: readonly RatePoint[], days: number, nights: number): number {
  let [highest, day] = [0, 0]
  for (const next of [...points.map((point) => point.days).filter((at) => at > 0 && at < days), days]) {
    if (next <= day) continue
    highest = Math.max(highest, (rateFor(points, next) * next - rateFor(points, day) * day) / (next - day))
    day = next
  }
  return discountRange(points, days).most * continuousCost(1, highest, Math.min(nights, days))
}

/** What the payments with an ex-date after `today` and up to `until` are worth today. */
export function presentValueOfPayments(
  payments: readonly DatedPayment[],
  points: readonly RatePoint[],
  today: string,
  until: string,
): number {
  let sum = 0
  for (const { exDate, amount } of payments) {
    if (exDate > today && exDate <= until) sum += amount * discountFactor(points, daysBetween(today, exDate))
  }
  return sum
}

/** A borrow fee or a yield as what it takes from a spot over so many days: spot x (1 - e^(-rate t)). */
export function continuousCost(spot: number, rate: number, days: number): number {
  return spot * -Math.expm1((-rate * days) / DAYS_PER_YEAR)
}

/**
 * Dividends as the broker gives them, generic tick 456 (IB): `0.83,0.92,20130219,0.23` for the sums of the past and of the next twelve
 * months, the next ex-date and its amount; parts that are not known are empty. Payments after the next one are expected ones: as many
 * of its amount, evenly spaced, as make up the sum of the next twelve months. Undefined without a next payment.
 */
export function paymentsOfBroker(text: string): DatedPayment[] | undefined {
  const [, year = '', date = '', next = ''] = text.split(',')
  const [, y, m, d] = /^(\d{4})(\d{2})(\d{2})$/.exec(date.trim()) ?? []
  const amount = Number(next)
  if (y === undefined || m === undefined || d === undefined || !(amount > 0)) return undefined
  const exDate = `${y}-${m}-${d}`
  try {
    const perYear = Math.max(1, Math.min(12, Math.round(Number(year) / amount) || 1))
    return Array.from({ length: perYear }, (_, i) => ({ exDate: monthsLater(exDate, Math.round((i * 12) / perYear)), amount }))
  } catch (error) {
    if (error instanceof TapedeckError) return undefined
    throw error
  }
}

/** On the same day of a later month, or on the 28th when that is later. */
function monthsLater(date: string, months: number): string {
  daysBetween(date, date)
  if (months === 0) return date
  const month = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1 + months
  const day = Math.min(28, Number(date.slice(8)))
  return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}
