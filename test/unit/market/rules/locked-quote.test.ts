import { describe, expect, it } from 'vitest'
import { lockedQuote } from '../../../../market/rules/locked-quote.ts'
import { findingOf, quoteOf } from '../../../support/rules.ts'

describe('locked-quote', () => {
  it('notes a bid equal to its ask', () => {
    expect(findingOf(lockedQuote, quoteOf(1, 1))).toEqual({
      rule: 'locked-quote',
      severity: 'info',
      disposition: 'flag',
      reason: 'bid and ask are both 1',
    })
  })

  it.each([
    ['a spread', quoteOf(0.99, 1)],
    ['a cross', quoteOf(1.01, 1)],
    ['an empty quote', quoteOf()],
  ])('lets %s pass', (_, quote) => {
    expect(findingOf(lockedQuote, quote)).toBeUndefined()
  })
})
