import { positive } from './own-settings.ts'
import { defineRule, isTwoSided } from './rule.ts'

/**
 * A spread that swallows the price says little about value. Usual far from the money and before the opening: flagged, never kept out.
 */
export const wideSpread = defineRule({
  name: 'wide-spread',
  about: 'A spread that is wide for its price.',
  severity: 'info',
  disposition: 'flag',
  kinds: ['quote'],
  settings: {
    stock: percentOfMid(10, 'stocks'),
    option: percentOfMid(100, 'options'),
    index: percentOfMid(10, 'indices'),
    future: percentOfMid(10, 'futures'),
  },
  create: (settings) => ({
    check(quote, { contract }) {
      if (!isTwoSided(quote)) return undefined
      const spread = quote.askPrice - quote.bidPrice
      const mid = (quote.askPrice + quote.bidPrice) / 2
      if (spread <= 0 || mid <= 0) return undefined
      const percent = (spread / mid) * 100
      const most = settings[contract?.kind ?? 'option']
      return percent > most ? { reason: `spread ${percent.toFixed(1)} % of mid is above ${most} %` } : undefined
    },
  }),
})

function percentOfMid(most: number, kind: string) {
  const unit = 'percent of the middle of bid and ask'
  return positive(most, unit, `Wider quotes of ${kind} are flagged, in ${unit}. Environment: MAX_SPREAD_PERCENT.`)
}
