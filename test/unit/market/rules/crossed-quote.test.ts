import { describe, expect, it } from 'vitest'
import { crossedQuote } from '../../../../market/rules/crossed-quote.ts'
import { Mark } from '../../../../market/marks.ts'
import { findingOf, quoteOf } from '../../../support/rules.ts'

describe('crossed-quote', () => {
  it('names both prices when the bid is above the ask, and keeps the quote out of the tick tables', () => {
    expect(findingOf(crossedQuote, quoteOf(1.01, 1))).toEqual({
      rule: 'crossed-quote',
      severity: 'error',
      disposition: 'quarantine',
      reason: 'bid 1.01 is above ask 1',
    })
  })

  it.each([
    ['a locked quote', quoteOf(1, 1)],
    ['a quote from before the open', { ...quoteOf(1.01, 1), marks: Mark.preOpen }],
    ['a quote with a spread', quoteOf(0.99, 1)],
    ['a zero bid', quoteOf(0, 0.05)],
    ['a quote without a bid', quoteOf(undefined, 1)],
    ['a quote without an ask', quoteOf(1, undefined)],
    ['an empty quote', quoteOf()],
  ])('lets %s pass', (_, quote) => {
    expect(findingOf(crossedQuote, quote)).toBeUndefined()
  })
})
