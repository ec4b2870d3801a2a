import { describe, expect, it } from 'vitest'
import { Mark } from '../../../../market/marks.ts'
import { tradeOutsideQuote } from '../../../../market/rules/trade-outside-quote.ts'
import type { Quote } from '../../../../market/tick.ts'
import { quoteOf, RULES_START_US, RulesAtWork, tradeOf } from '../../../support/rules.ts'

/** What is found on the trade behind the quote. */
function behind(quote: Partial<Quote>, trade: object, settings = {}) {
  const rules = new RulesAtWork([tradeOutsideQuote], { settings: { 'trade-outside-quote': settings } })
  rules.verdictOn({ ...quoteOf(100, 100.1), tsUs: RULES_START_US, ...quote })
  return rules.findingsOn({ ...tradeOf(100), tsUs: RULES_START_US + 1000, ...trade })
}

describe('trade-outside-quote', () => {
  it('flags a trade that is further outside than a spread and than a share of the price', () => {
    expect(behind({}, { price: 100.4 })).toEqual(['trade-outside-quote: trade at 100.4 is outside of bid 100 and ask 100.1'])
    expect(behind({}, { price: 99.7 })).toEqual(['trade-outside-quote: trade at 99.7 is outside of bid 100 and ask 100.1'])
    expect(behind({}, { price: 100.34 })).toEqual([])
    expect(behind({ askPrice: 101 }, { price: 101.9 })).toEqual([])
    expect(behind({ askPrice: 101 }, { price: 102.1 })).toHaveLength(1)
    expect(behind({}, { price: 100.4 }, { percent: 1 })).toEqual([])
  })

  it('compares a tick-by-tick trade with the tick-by-tick quote, where there is one', () => {
    const rules = new RulesAtWork([tradeOutsideQuote])
    rules.verdictOn(quoteOf(100, 100.1))
    expect(rules.findingsOn({ ...tradeOf(105), source: 'tick-by-tick' })).toHaveLength(1)
    rules.verdictOn({ ...quoteOf(105, 105.1), source: 'tick-by-tick' })
    expect(rules.findingsOn({ ...tradeOf(105), source: 'tick-by-tick' })).toEqual([])
    expect(rules.findingsOn(tradeOf(105))).toHaveLength(1)
  })

  it.each([
    ['is between bid and ask', {}, { price: 100.05 }],
    ['stood before the line was asked for', {}, { price: 105, marks: Mark.initial }],
    ['is reported to nobody as a last sale', {}, { price: 105, marks: Mark.unreported }],
    ['sets no price by its conditions', {}, { price: 105, conditions: 'W' }],
    ['has a quote of long ago', {}, { price: 105, tsUs: RULES_START_US + 11_000_000 }],
    ['has a quote of the close before', { marks: Mark.frozen }, { price: 105 }],
    ['has a quote with one side', { bidPrice: undefined }, { price: 105 }],
    ['has a quote that is crossed', { bidPrice: 101 }, { price: 105 }],
  ])('lets a trade pass that %s', (_, quote, trade) => {
    expect(behind(quote, trade)).toEqual([])
  })

  it('says nothing by a quote on which another rule has found more than what is worth knowing', () => {
    const rules = new RulesAtWork([tradeOutsideQuote])
    const finding = { rule: 'other', disposition: 'flag', reason: '' } as const
    rules.take({ ...quoteOf(100, 100.1), verdict: { disposition: 'flag', findings: [{ ...finding, severity: 'info' }] } })
    expect(rules.findingsOn(tradeOf(105))).toHaveLength(1)
    rules.take({ ...quoteOf(100, 100.1), verdict: { disposition: 'flag', findings: [{ ...finding, severity: 'warning' }] } })
    expect(rules.findingsOn(tradeOf(105))).toEqual([])
  })
})
