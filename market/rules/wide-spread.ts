import { isTwoSided, type QuoteRule } from './rule.ts'

/** A spread that swallows the price says little about value. Usual far from the money and before the opening: flagged, never kept out. */
export const wideSpread: QuoteRule = {
  name: 'wide-spread',
  on: 'quote',
  severity: 'warning',
  disposition: 'flag',
  check(quote, { maxSpreadPercent }) {
    if (!isTwoSided(quote)) return undefined
    const spread = quote.askPrice - quote.bidPrice
    const mid = (quote.askPrice + quote.bidPrice) / 2
    if (spread <= 0 || mid <= 0) return undefined
    const percent = (spread / mid) * 100
    return percent > maxSpreadPercent ? `spread ${percent.toFixed(1)} % of mid is above ${maxSpreadPercent} %` : undefined
  },
}
