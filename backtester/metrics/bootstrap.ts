/**
 * Confidence intervals by the stationary bootstrap (Politis and Romano, 1994): series are drawn again as blocks of random length, so that what
 * follows what stays together, and the metric is taken of each.
 */

import { quantile, type Returns } from './series.ts'

export interface BootstrapOptions {
  /** Uniform from 0 to below 1. The same numbers give the same interval. */
  random: () => number
  /** How many series are drawn. */
  draws?: number
  /** Mean length of a block. Default: the cube root of the number of periods, at least 1. */
  blockLength?: number
  /** Part of the draws that the interval holds. */
  confidence?: number
}

export interface Interval {
  low: number
  high: number
  confidence: number
  draws: number
  blockLength: number
}

/** Undefined below two periods, or where the metric is not defined for a tenth of the draws. */
export function bootstrapInterval(returns: Returns, metric: (returns: Returns) => number, options: BootstrapOptions): Interval | undefined {
  const { random, draws = 1000, confidence = 0.95 } = options
  const blockLength = options.blockLength ?? Math.max(1, Math.round(Math.cbrt(returns.length)))
  if (returns.length < 2) return undefined
  const values: number[] = []
  const drawn = Array.from({ length: returns.length }, () => 0)
  for (let draw = 0; draw < draws; draw++) {
    const value = metric(drawSeries(returns, drawn, { random, blockLength }))
    if (Number.isFinite(value)) values.push(value)
  }
  if (values.length < 0.9 * draws) return undefined
  const outside = (1 - confidence) / 2
  return { low: quantile(values, outside), high: quantile(values, 1 - outside), confidence, draws, blockLength }
}

function drawSeries(returns: Returns, into: number[], { random, blockLength }: { random: () => number; blockLength: number }): number[] {
  let at = 0
  for (let index = 0; index < into.length; index++) {
    at = index === 0 || random() < 1 / blockLength ? Math.floor(random() * returns.length) : (at + 1) % returns.length
    into[index] = returns[at] ?? Number.NaN
  }
  return into
}
