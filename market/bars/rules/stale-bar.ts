/**
 * A bar of one instrument repeats the prices of the one before: open, high, low and close. With the volume too it is a copy; with another
 * volume the prices are, unless they span so few price steps that it can be chance.
 */

import type { BarFound, BarRule } from '../rule.ts'
import { type BarSeries, samePrices } from '../series.ts'

/** Prices that span so many steps do not all four come again by chance. */
const STEPS = 25
const FINE_STEP = 0.01
const COARSE_STEP = 0.05
const TOLERANCE = 1e-6

export const staleBar: BarRule = {
  name: 'stale-bar',
  about: 'A bar repeats open, high, low and close of the one before.',
  severity: 'warning',
  disposition: 'flag',
  lengths: 'days',
  check: ({ series, ownBars }) => series.flatMap((one) => staleBars(one, ownBars(one))),
}

function staleBars(series: BarSeries, own: Int32Array): BarFound[] {
  const { instrument, high, low, open, close, volume, day } = series
  let step: number | undefined
  const found: BarFound[] = []
  for (let index = 1; index < own.length; index++) {
    const [a = 0, b = 0] = [own[index - 1], own[index]]
    if (!samePrices(series, a, b)) continue
    step ??= priceStep(series)
    const range = (high[b] ?? 0) - (low[b] ?? 0)
    if (range < STEPS * step) continue
    const isCopy = volume[a] === volume[b]
    const prices = [open[b], high[b], low[b], close[b]].join(', ')
    found.push({
      instrument,
      fromDay: day[b] ?? 0,
      toDay: day[b] ?? 0,
      bars: 1,
      reason: `the prices of the bar before (${prices})${isCopy ? ', and its volume' : ', with another volume'}`,
      evidence: { prices, volume: nullFor(volume[b]), volumeBefore: nullFor(volume[a]) },
    })
  }
  return found
}

/** Coarse where all closes are on it. */
function priceStep({ close }: BarSeries): number {
  const isCoarse = close.every((price) => Math.abs(price / COARSE_STEP - Math.round(price / COARSE_STEP)) < TOLERANCE)
  return isCoarse ? COARSE_STEP : FINE_STEP
}

const nullFor = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value)
