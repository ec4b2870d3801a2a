import { describe, expect, it } from 'vitest'
import { crossedQuote } from '../../../../market/rules/crossed-quote.ts'
import { Mark } from '../../../../market/marks.ts'
import { quoteOf } from './ticks.ts'

const settings = { maxSpreadPercent: 50 }

describe('crossed-quote', () => {
  it('names both prices when the bid is above the ask', () => {
    expect(crossedQuote.check(quoteOf(1.01, 1), settings)).toBe('bid 1.01 is above ask 1')
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
    expect(crossedQuote.check(quote, settings)).toBeUndefined()
  })

  it('keeps what it finds out of the tick tables', () => {
    expect(crossedQuote).toMatchObject({ name: 'crossed-quote', on: 'quote', severity: 'error', disposition: 'quarantine' })
  })
})
