/** Returns out of values, and what they compound to. */

import { known, PERIODS, type Returns, sum } from './series.ts'

/** Value against the value before, less 1. One fewer than there are values. */
export function returnsOf(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => value / (values[index] ?? Number.NaN) - 1)
}

/** What each period has made of `start` so far: a value, or without `start` a return. Periods without a return leave it as it is. */
export function cumulative(returns: Returns, start = 0): number[] {
  let growth = 1
  return returns.map((value) => {
    growth *= 1 + (Number.isNaN(value) ? 0 : value)
    return start === 0 ? growth - 1 : growth * start
  })
}

/** (1 + r1)(1 + r2)... - 1. NaN without periods. */
export function totalReturn(returns: Returns): number {
  return cumulative(returns).at(-1) ?? Number.NaN
}

/** (1 + total return)^(periods a year / periods) - 1: the compound annual growth rate by trading days. NaN without periods. */
export function annualReturn(returns: Returns, periods: number = PERIODS.day): number {
  return (1 + totalReturn(returns)) ** (periods / returns.length) - 1
}

/** (end / start)^(365.25 / calendar days) - 1: the compound annual growth rate by the calendar. NaN where no day passed. */
export function calendarAnnualReturn(total: number, days: number): number {
  return days > 0 ? (1 + total) ** (365.25 / days) - 1 : Number.NaN
}

/** Square of the correlation of compounded log returns with time: 1 is steady growth. NaN below two periods. */
export function stability(returns: Returns): number {
  if (returns.length < 2) return Number.NaN
  let log = 0
  const logs = known(returns).map((value) => (log += Math.log1p(value)))
  const x = logs.map((_, index) => index - (logs.length - 1) / 2)
  const middle = sum(logs) / logs.length
  const xy = sum(logs.map((value, index) => (x[index] ?? 0) * (value - middle)))
  return xy ** 2 / (sum(x.map((value) => value ** 2)) * sum(logs.map((value) => (value - middle) ** 2)))
}
