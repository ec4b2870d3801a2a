import { describe, expect, it } from 'vitest'
import { wideSpread } from '../../../../market/rules/wide-spread.ts'
import { findingOf, OPTION, quoteOf, STOCK } from '../../../support/rules.ts'

describe('wide-spread', () => {
  it('flags a spread above the limit, not one at the limit', () => {
    const quote = quoteOf(9, 11)

    expect(findingOf(wideSpread, quote, { stock: 20 })).toBeUndefined()
    expect(findingOf(wideSpread, quote, { stock: 19.99 })).toEqual({
      rule: 'wide-spread',
      severity: 'info',
      disposition: 'flag',
      reason: 'spread 20.0 % of mid is above 19.99 %',
    })
  })

  it('measures the spread of a zero bid against half the ask', () => {
    expect(findingOf(wideSpread, quoteOf(0, 0.05), { stock: 199 })?.reason).toBe('spread 200.0 % of mid is above 199 %')
    expect(findingOf(wideSpread, quoteOf(0, 0.05), { stock: 200 })).toBeUndefined()
  })

  it('has a limit for each kind of product', () => {
    const limits = { stock: 5, option: 50 }
    expect(findingOf(wideSpread, quoteOf(9, 11), limits, STOCK)?.reason).toContain('above 5 %')
    expect(findingOf(wideSpread, quoteOf(9, 11), limits, OPTION)).toBeUndefined()
    expect(findingOf(wideSpread, quoteOf(1, 2), limits, OPTION)?.reason).toContain('above 50 %')
  })

  it.each([
    ['a locked quote', quoteOf(1, 1)],
    ['a crossed quote, which another rule names', quoteOf(2, 1)],
    ['a quote of which nothing can be said in percent', quoteOf(-2, 1)],
    ['a quote without a bid', quoteOf(undefined, 1)],
    ['a quote without an ask', quoteOf(1, undefined)],
  ])('lets %s pass', (_, quote) => {
    expect(findingOf(wideSpread, quote, { stock: 0.001 })).toBeUndefined()
  })
})
