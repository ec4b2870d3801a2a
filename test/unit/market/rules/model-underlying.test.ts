import { describe, expect, it } from 'vitest'

import { modelUnderlying } from '../../../../market/rules/model-underlying.ts'
import { Mark } from '../../../../market/marks.ts'
import { OptionMarket } from '../../../support/option-market.ts'

const RULES = [modelUnderlying]

function findings(underlyingPrice: number | undefined, fields = {}, market = new OptionMarket(RULES).quoted()): string[] {
  const instrument = market.numberOf(70, 'C')
  return market.rules.findingsOn({ kind: 'greeks', instrument, basis: 'model', impliedVolatility: 0.25, underlyingPrice, ...fields })
}

describe('model-underlying', () => {
  it('flags values computed from a price that is not on the line of the underlying', () => {
    expect(findings(71)).toEqual(['model-underlying: computed from TWX at 71, which is 69.99 to 70.01 on its own line'])
    expect(findings(69)).toHaveLength(1)
    expect(findings(0)).toHaveLength(1)
  })

  it('bears a price near the quote, and none at all', () => {
    for (const price of [69.5, 70, 70.5, undefined]) expect(findings(price)).toEqual([])
  })

  it('compares only what is of one moment', () => {
    expect(findings(71, { delayed: true })).toEqual([])
    expect(findings(71, { marks: Mark.frozen })).toEqual([])
  })

  it('says nothing while the underlying has no quote', () => {
    expect(findings(71, {}, new OptionMarket(RULES))).toEqual([])
  })
})
