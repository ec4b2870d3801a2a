import { describe, expect, it } from 'vitest'
import { wideSpread } from '../../../../market/rules/wide-spread.ts'
import { quoteOf } from './ticks.ts'

describe('wide-spread', () => {
  it('flags a spread above the limit, not one at the limit', () => {
    const quote = quoteOf(9, 11)

    expect(wideSpread.check(quote, { maxSpreadPercent: 20 })).toBeUndefined()
    expect(wideSpread.check(quote, { maxSpreadPercent: 19.99 })).toBe('spread 20.0 % of mid is above 19.99 %')
  })

  it('measures the spread of a zero bid against half the ask', () => {
    expect(wideSpread.check(quoteOf(0, 0.05), { maxSpreadPercent: 199 })).toBe('spread 200.0 % of mid is above 199 %')
    expect(wideSpread.check(quoteOf(0, 0.05), { maxSpreadPercent: 200 })).toBeUndefined()
  })

  it.each([
    ['a locked quote', quoteOf(1, 1)],
    ['a crossed quote, which another rule names', quoteOf(2, 1)],
    ['a quote of which nothing can be said in percent', quoteOf(-2, 1)],
    ['a quote without a bid', quoteOf(undefined, 1)],
    ['a quote without an ask', quoteOf(1, undefined)],
  ])('lets %s pass', (_, quote) => {
    expect(wideSpread.check(quote, { maxSpreadPercent: 0 })).toBeUndefined()
  })

  it('only marks what it finds', () => {
    expect(wideSpread).toMatchObject({ name: 'wide-spread', on: 'quote', severity: 'warning', disposition: 'flag' })
  })
})
