/** How much of an account was in the market, over time. */

import type { Rows } from './rows.ts'

export interface ExposurePoint {
  tsUs: number
  equity: number
  /** Sum of what the positions are worth, short ones counted as if long. */
  exposure: number
}

export interface ExposureMetrics {
  /** Worth of the positions / equity, each point weighted by the time to the next. 1: everything is invested. */
  exposure: number
  /** Part of the time in which there was a position. */
  timeInMarket: number
  /** The highest worth of the positions / equity. */
  maxExposure: number
}

/** Time counts as it passes, nights included. Shares of time are NaN where none passed. */
export function exposureMetrics(points: Rows<ExposurePoint>): ExposureMetrics {
  const [first, last] = [points.at(0), points.at(-1)]
  if (!first || !last) return { exposure: Number.NaN, timeInMarket: Number.NaN, maxExposure: Number.NaN }
  let [weighted, invested, most] = [0, 0, 0]
  for (const [index, { tsUs, equity, exposure }] of points.entries()) {
    const us = (points.at(index + 1)?.tsUs ?? tsUs) - tsUs
    const part = equity > 0 ? exposure / equity : Number.NaN
    weighted += us * (Number.isNaN(part) ? 0 : part)
    if (exposure > 0) invested += us
    most = Math.max(most, Number.isNaN(part) ? 0 : part)
  }
  const all = last.tsUs - first.tsUs
  return { exposure: weighted / all, timeInMarket: invested / all, maxExposure: most }
}
