/**
 * What the best Sharpe ratio of many trials is worth. Bailey and López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40 (2014).
 * Sharpe ratios here are of one period, not of a year.
 */

import { normalCumulative } from '../../market/option/normal.ts'

const EULER_MASCHERONI = 0.5772156649015329

/**
 * The highest Sharpe ratio to be expected of so many independent trials without skill:
 * `sqrt(V) * ((1 - g) * Z(1 - 1/N) + g * Z(1 - 1/(N e)))`, g the Euler-Mascheroni constant, Z the inverse normal distribution.
 *
 * @param variance of the Sharpe ratios of the trials
 */
export function expectedBestSharpe(variance: number, trials: number): number {
  if (trials < 2) return 0
  const high = normalQuantile(1 - 1 / trials)
  const higher = normalQuantile(1 - 1 / (trials * Math.E))
  return Math.sqrt(variance) * ((1 - EULER_MASCHERONI) * high + EULER_MASCHERONI * higher)
}

export interface SharpeSample {
  sharpe: number
  skew: number
  /** 0 of a normal distribution. */
  excessKurtosis: number
  /** Returns that it is of. */
  periods: number
}

/**
 * How probable it is that the true Sharpe ratio is above `benchmark`:
 * `N((SR - benchmark) * sqrt(T - 1) / sqrt(1 - skew * SR + (kurtosis - 1) / 4 * SR^2))`. With what is expected of the best it is the deflated Sharpe ratio.
 */
export function probabilisticSharpe({ sharpe, skew, excessKurtosis, periods }: SharpeSample, benchmark: number): number {
  const spread = Math.sqrt(1 - skew * sharpe + ((excessKurtosis + 2) / 4) * sharpe ** 2)
  return normalCumulative(((sharpe - benchmark) * Math.sqrt(periods - 1)) / spread)
}

/** Found by halving, which is exact enough wherever the distribution itself is. */
function normalQuantile(part: number): number {
  let [low, high] = [-10, 10]
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2
    if (normalCumulative(middle) < part) low = middle
    else high = middle
  }
  return (low + high) / 2
}
