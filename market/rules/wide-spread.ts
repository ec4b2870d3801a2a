import { z } from 'zod'

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
    stock: percentOfMid('stocks'),
    option: percentOfMid('options'),
    index: percentOfMid('indices'),
    future: percentOfMid('futures'),
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

function percentOfMid(kind: string) {
  const error = 'a number above 0 (percent of the middle of bid and ask)'
  return z
    .number({ error })
    .positive({ error })
    .default(100)
    .describe(`Wider quotes of ${kind} are flagged, in percent of the middle of bid and ask. Environment: MAX_SPREAD_PERCENT.`)
}
