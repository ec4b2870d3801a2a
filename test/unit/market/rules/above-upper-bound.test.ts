import { describe, expect, it } from 'vitest'

import { aboveUpperBound } from '../../../../market/rules/above-upper-bound.ts'
import { OptionMarket } from '../../../support/option-market.ts'

const RULES = [aboveUpperBound]

describe('above-upper-bound', () => {
  it('quarantines a put bid above its strike, whatever the underlying', () => {
    const market = new OptionMarket(RULES)
    expect(market.findings(market.numberOf(60, 'P'), 60.5, 61)).toEqual([
      '!above-upper-bound: bid of 60.5 to 61 is above the strike, the most that a put pays',
    ])
    expect(market.findings(market.numberOf(60, 'P'), 60, 61)).toEqual([])
  })

  it('quarantines a call bid above the stock when the call alone has changed', () => {
    const market = new OptionMarket(RULES).quoted()
    expect(market.findings(market.numberOf(60, 'C'), 101, 102)).toEqual([
      '!above-upper-bound: bid of 101 to 102 is above TWX itself at 69.99 to 70.01',
    ])
  })

  it('flags a call when the stock has changed since, or nothing stood before', () => {
    const market = new OptionMarket(RULES).quoted()
    market.healthy(0)
    expect(market.findings(market.numberOf(60, 'C'), 101, 102)).toEqual([expect.stringMatching(/^above-upper-bound: /)])
  })

  it('asks nothing of options on VIX, which are priced off its future', () => {
    const index = { kind: 'index', symbol: 'VIX', currency: 'USD', venue: 'CBOE' } as const
    const market = new OptionMarket(RULES, { symbol: 'VIX', underlying: index })
    market.rules.verdictOn({ kind: 'trade', instrument: 0, price: 12, source: 'last' })
    expect(market.findings(market.numberOf(60, 'C'), 20, 21)).toEqual([])
  })
})
