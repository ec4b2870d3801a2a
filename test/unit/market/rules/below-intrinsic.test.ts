import { describe, expect, it } from 'vitest'

import { belowIntrinsic } from '../../../../market/rules/below-intrinsic.ts'
import { OptionMarket } from '../../../support/option-market.ts'

const RULES = [belowIntrinsic]

describe('below-intrinsic', () => {
  it('quarantines an option offered below what exercise brings, when others of its chain bear out the underlying', () => {
    const market = new OptionMarket(RULES).quoted()
    expect(market.findings(market.numberOf(62.5, 'C'), 0.76, 0.8)).toEqual([
      '!below-intrinsic: ask of 0.76 to 0.8 is 6.69 below what exercise brings with TWX at 69.99 to 70.01',
    ])
    expect(market.findings(market.numberOf(80, 'P'), 1, 1.1)[0]).toMatch(/^!below-intrinsic: .* 8\.89 below/)
  })

  it('names no option when the underlying itself is off', () => {
    const market = new OptionMarket(RULES).quoted()
    market.findings(0, 75, 75.02)
    for (const strike of [60, 62.5, 65]) expect(market.healthy(market.numberOf(strike, 'C'))).toEqual([])
  })

  it('flags it when the option alone has changed and nobody else is there', () => {
    const market = new OptionMarket(RULES)
    for (const instrument of [0, market.numberOf(62.5, 'C')]) market.healthy(instrument)
    expect(market.findings(market.numberOf(62.5, 'C'), 0.76, 0.8)).toEqual([expect.stringMatching(/^below-intrinsic: /)])
  })

  it('says nothing of the first quote of a chain', () => {
    const market = new OptionMarket(RULES)
    market.healthy(0)
    expect(market.findings(market.numberOf(62.5, 'C'), 0.76, 0.8)).toEqual([])
  })

  it('bears a few cents, in which the two quotes are not of one moment', () => {
    const market = new OptionMarket(RULES).quoted()
    expect(market.findings(market.numberOf(62.5, 'C'), 7.3, 7.4)).toEqual([])
    expect(market.findings(market.numberOf(62.5, 'C'), 7.2, 7.3)).toHaveLength(1)
  })

  it('asks nothing of European options, of delayed ones beside a live underlying, and of a one-sided underlying', () => {
    const index = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' } as const
    const european = new OptionMarket(RULES, { symbol: 'SPX', tradingClass: 'SPXW', underlying: index })
    european.rules.verdictOn({ kind: 'trade', instrument: 0, price: 70, source: 'last' })
    for (const strike of [60, 62.5, 65]) european.healthy(european.numberOf(strike, 'C'))
    expect(european.findings(european.numberOf(62.5, 'C'), 0.76, 0.8)).toEqual([])

    const market = new OptionMarket(RULES).quoted()
    expect(market.findings(market.numberOf(62.5, 'C'), 0.76, 0.8, { delayed: true })).toEqual([])
    market.findings(0, undefined, 70)
    expect(market.findings(market.numberOf(62.5, 'C'), 0.76, 0.8)).toEqual([])
  })
})
