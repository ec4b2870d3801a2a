import { describe, expect, it } from 'vitest'

import { americanPrice } from '../../../../market/option/american.ts'
import { baroneAdesiWhaley, bjerksundStensland, juZhong } from '../../../../market/option/quick-american.ts'
import { publishedOf } from './published.ts'

describe('a quick approximation of an American price', () => {
  it.each([
    { style: 'american_BAW', price: baroneAdesiWhaley },
    { style: 'american_BjS', price: bjerksundStensland },
    { style: 'american_exact_Ju', price: juZhong },
  ])('has the values of $style within the tolerance of their source', ({ style, price }) => {
    for (const { terms, volatility, value, tolerance } of publishedOf(style))
      expect(Math.abs(price(terms, volatility) - value), JSON.stringify(terms)).toBeLessThanOrEqual(tolerance)
  })

  it('is as near to the exact price as stated', () => {
    const all = ['american_BAW', 'american_exact_Ju'].flatMap(publishedOf)
    for (const { terms, volatility } of all) {
      const exact = americanPrice(terms, volatility)
      expect(bjerksundStensland(terms, volatility)).toBeLessThanOrEqual(exact + 1e-5 * terms.strike)
      // Of the strike.
      expect(Math.abs(juZhong(terms, volatility) - exact)).toBeLessThanOrEqual(0.001 * terms.strike)
      expect(Math.abs(baroneAdesiWhaley(terms, volatility) - exact)).toBeLessThanOrEqual(0.004 * terms.strike)
    }
  })
})
