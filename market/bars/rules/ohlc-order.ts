/** The high of a bar is below another of its prices, or the low above one. */

import type { BarFound, BarRule } from '../rule.ts'
import type { BarSeries } from '../series.ts'

/** Relative; prices that were multiplied by something differ in their last bits. */
const TOLERANCE = 1e-9

export const ohlcOrder: BarRule = {
  name: 'ohlc-order',
  about: 'The high is below another price of its bar, or the low above one.',
  severity: 'error',
  disposition: 'quarantine',
  lengths: 'any',
  check: ({ series }) => series.flatMap(disordered),
}

function disordered({ instrument, day, open, high, low, close }: BarSeries): BarFound[] {
  const found: BarFound[] = []
  for (const [at, own] of day.entries()) {
    const [o = 0, h = 0, l = 0, c = 0] = [open[at], high[at], low[at], close[at]]
    const slack = Math.abs(h) * TOLERANCE
    const highest = Math.max(o, c, l)
    const lowest = Math.min(o, c, h)
    if (h >= highest - slack && l <= lowest + slack) continue
    const prices = { open: o, high: h, low: l, close: c }
    const reason = h < highest - slack ? `the high ${h} is below ${highest}` : `the low ${l} is above ${lowest}`
    found.push({ instrument, fromDay: own, toDay: own, bars: 1, reason, evidence: prices })
  }
  return found
}
