/** A series of returns against that of a benchmark: both have one return for each of the same periods. */

import { annualReturn } from './returns.ts'
import { less, mean, paired, PERIODS, type Returns } from './series.ts'

/** Below this a benchmark does not vary. */
const NO_VARIANCE = 1e-30

export interface AlphaBeta {
  /** (1 + mean(excess - beta benchmark excess))^(periods a year) - 1 */
  alpha: number
  /** cov(returns, benchmark) / var(benchmark) */
  beta: number
}

interface Options {
  /** A return each period, not an annual one. */
  riskFree?: number | Returns
  periods?: number
}

/** Both NaN below two periods, or where the benchmark does not vary. */
export function alphaBeta(returns: Returns, benchmark: Returns, { riskFree = 0, periods = PERIODS.day }: Options = {}): AlphaBeta {
  if (returns.length < 2 || benchmark.length < 2) return { alpha: Number.NaN, beta: Number.NaN }
  const [own, market] = paired(less(returns, riskFree), less(benchmark, riskFree))
  const residuals = less(market, mean(market))
  const variance = mean(residuals.map((value) => value ** 2))
  const beta =
    own.length < 2 || variance < NO_VARIANCE ? Number.NaN : mean(residuals.map((value, index) => value * (own[index] ?? 0))) / variance
  const alpha = (1 + mean(own.map((value, index) => value - beta * (market[index] ?? 0)))) ** periods - 1
  return { alpha, beta }
}

/** The periods in which the benchmark rose (or fell) alone. */
export function whereBenchmark(moved: 'up' | 'down', returns: Returns, benchmark: Returns): { returns: number[]; benchmark: number[] } {
  const fits = (index: number) => (moved === 'up' ? (benchmark[index] ?? 0) > 0 : (benchmark[index] ?? 0) < 0)
  return { returns: returns.filter((_, index) => fits(index)), benchmark: benchmark.filter((_, index) => fits(index)) }
}

/** Annual return / that of the benchmark, over the periods in which it rose (or fell). */
export function capture(moved: 'up' | 'down', returns: Returns, benchmark: Returns, periods: number = PERIODS.day): number {
  const where = whereBenchmark(moved, returns, benchmark)
  return annualReturn(where.returns, periods) / annualReturn(where.benchmark, periods)
}

/**
 * The returns at the benchmark's worst and best period, weighted by how far its middle one lies from them, less the return at the middle one:
 * below 0, moves of the benchmark hurt more the larger they are (Taleb's fragility heuristic). NaN below three periods.
 */
export function fragility(returns: Returns, benchmark: Returns): number {
  if (returns.length < 3 || benchmark.length < 3) return Number.NaN
  const [own, market] = paired(returns, benchmark)
  const order = own.map((_, index) => index).sort((one, other) => (market[one] ?? 0) - (market[other] ?? 0))
  const at = (place: number) => {
    const index = order[place] ?? -1
    return { own: own[index] ?? Number.NaN, market: market[index] ?? Number.NaN }
  }
  const half = own.length / 2
  // Halves to the even number, as numpy rounds.
  const middle = at(half % 1 === 0.5 ? 2 * Math.round(half / 2) : Math.round(half))
  const [worst, best] = [at(0), at(own.length - 1)]
  const range = best.market - worst.market
  const weight = range === 0 ? 0.5 : (middle.market - worst.market) / range
  return weight * worst.own + (1 - weight) * best.own - middle.own
}
