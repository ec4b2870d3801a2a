/** Risk, and return for risk, of a series of returns; definitions as in empyrical. */

import { maxDrawdown } from './drawdown.ts'
import { annualReturn } from './returns.ts'
import { deviation, known, less, mean, PERIODS, quantile, type Returns, sum } from './series.ts'

/** std(returns, ddof 1) sqrt(periods a year). NaN below two periods. */
export function volatility(returns: Returns, periods: number = PERIODS.day): number {
  return returns.length < 2 ? Number.NaN : deviation(returns) * Math.sqrt(periods)
}

/** mean(excess) / std(excess, ddof 1) sqrt(periods a year); excess over a return each period, not an annual one. NaN below two periods. */
export function sharpe(
  returns: Returns,
  { riskFree = 0, periods = PERIODS.day }: { riskFree?: number | Returns; periods?: number } = {},
): number {
  if (returns.length < 2) return Number.NaN
  const excess = less(returns, riskFree)
  return (mean(excess) / deviation(excess)) * Math.sqrt(periods)
}

interface RequiredReturn {
  /** A return each period, not an annual one. */
  required?: number | Returns
  periods?: number
}

/** sqrt(mean(min(returns - required, 0)^2)) sqrt(periods a year), over all periods. NaN without any. */
export function downsideRisk(returns: Returns, { required = 0, periods = PERIODS.day }: RequiredReturn = {}): number {
  return Math.sqrt(mean(less(returns, required).map((value) => Math.min(value, 0) ** 2))) * Math.sqrt(periods)
}

/** mean(returns - required) periods a year / downside risk. NaN below two periods, infinite without a shortfall. */
export function sortino(returns: Returns, { required = 0, periods = PERIODS.day }: RequiredReturn = {}): number {
  if (returns.length < 2) return Number.NaN
  return (mean(less(returns, required)) * periods) / downsideRisk(returns, { required, periods })
}

/** Annual return / |max drawdown|. NaN without a drawdown. */
export function calmar(returns: Returns, periods: number = PERIODS.day): number {
  const fall = maxDrawdown(returns)
  return fall < 0 ? annualReturn(returns, periods) / -fall : Number.NaN
}

/** Sum of what exceeds the threshold / sum of what falls short of it. `required` is an annual return. NaN without a shortfall. */
export function omega(
  returns: Returns,
  { riskFree = 0, required = 0, periods = PERIODS.day }: { riskFree?: number | Returns; required?: number; periods?: number } = {},
): number {
  if (returns.length < 2 || required <= -1) return Number.NaN
  const threshold = required === 0 ? 0 : (1 + required) ** (1 / periods) - 1
  const excess = known(less(less(returns, riskFree), threshold))
  const shortfall = -sum(excess.filter((value) => value < 0))
  return shortfall > 0 ? sum(excess.filter((value) => value > 0)) / shortfall : Number.NaN
}

/** mean(returns - benchmark) / std of it (ddof 1): the information ratio, not annualised. NaN below two periods. */
export function informationRatio(returns: Returns, benchmark: number | Returns): number {
  if (returns.length < 2) return Number.NaN
  const active = less(returns, benchmark)
  return mean(active) / deviation(active)
}

/** |95th percentile| / |5th percentile| of the returns. */
export function tailRatio(returns: Returns): number {
  const present = known(returns)
  return Math.abs(quantile(present, 0.95)) / Math.abs(quantile(present, 0.05))
}

/** The return that a part of the periods does not reach, historical. */
export function valueAtRisk(returns: Returns, part = 0.05): number {
  return quantile(known(returns), part)
}

/** Mean of the worst returns: of (periods - 1) part + 1 of them, rounded down. */
export function conditionalValueAtRisk(returns: Returns, part = 0.05): number {
  const present = known(returns).toSorted((one, other) => one - other)
  return mean(present.slice(0, Math.floor((present.length - 1) * part) + 1))
}

/** Third standardised moment of the population: mean(((r - mean) / std)^3). NaN where nothing deviates. */
export function skew(returns: Returns): number {
  return moment(returns, 3)
}

/** Fourth standardised moment of the population less 3: 0 for a normal distribution. */
export function excessKurtosis(returns: Returns): number {
  return moment(returns, 4) - 3
}

function moment(returns: Returns, order: number): number {
  const present = known(returns)
  const middle = mean(present)
  return mean(present.map((value) => (value - middle) ** order)) / mean(present.map((value) => (value - middle) ** 2)) ** (order / 2)
}
