/** A price of 0 or less. */

import type { BarFound, BarRule } from '../rule.ts'
import type { BarSeries } from '../series.ts'

export const illegalPrice: BarRule = {
  name: 'illegal-price',
  about: 'A price of a bar is 0 or less.',
  severity: 'error',
  disposition: 'quarantine',
  lengths: 'any',
  check: ({ series }) => series.flatMap(illegal),
}

function illegal({ instrument, day, open, high, low, close }: BarSeries): BarFound[] {
  const found: BarFound[] = []
  for (const [at, own] of day.entries()) {
    const prices = { open: open[at] ?? 0, high: high[at] ?? 0, low: low[at] ?? 0, close: close[at] ?? 0 }
    const wrong = Object.entries(prices).find(([, price]) => price <= 0)
    if (wrong)
      found.push({
        instrument,
        fromDay: own,
        toDay: own,
        bars: 1,
        reason: `${wrong[0]} ${wrong[1]}, expected more than 0`,
        evidence: prices,
      })
  }
  return found
}
