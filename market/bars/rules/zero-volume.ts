/**
 * A bar without volume. Where all its prices are one, nothing was traded and a price was carried on (info); with a range something was
 * traded and the volume is lost. Series that have no volume at all, such as indices, are left out.
 */

import type { BarFound, BarRule } from '../rule.ts'
import type { BarSeries } from '../series.ts'

export const zeroVolume: BarRule = {
  name: 'zero-volume',
  about: 'A bar has a volume of 0.',
  severity: 'warning',
  disposition: 'flag',
  lengths: 'days',
  check: ({ series, ownBars }) =>
    series.flatMap((one) => (one.volume.some((volume) => volume > 0) ? withoutVolume(one, ownBars(one)) : [])),
}

function withoutVolume({ instrument, day, high, low, close, volume }: BarSeries, own: Int32Array): BarFound[] {
  const found: BarFound[] = []
  for (const at of own) {
    if (volume[at] !== 0) continue
    const [h = 0, l = 0, c = 0, date = 0] = [high[at], low[at], close[at], day[at]]
    const reason = h === l ? `no volume, and the one price ${c}` : `no volume, and prices from ${l} to ${h}`
    const severity = h === l ? 'info' : 'warning'
    found.push({ instrument, fromDay: date, toDay: date, bars: 1, severity, reason, evidence: { high: h, low: l, close: c } })
  }
  return found
}
