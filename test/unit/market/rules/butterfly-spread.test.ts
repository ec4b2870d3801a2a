import { describe, expect, it } from 'vitest'

import { butterflySpread } from '../../../../market/rules/butterfly-spread.ts'
import { OptionMarket } from '../../../support/option-market.ts'

const RULES = [butterflySpread]

describe('butterfly-spread', () => {
  it('flags a quote above what its neighbours on either side allow, and names two of them', () => {
    const market = new OptionMarket(RULES).quoted()
    const at70 = market.numberOf(70, 'C')
    const [bid, ask] = market.sidesOf(at70)
    const verdict = market.rules.verdictOn({ kind: 'quote', instrument: at70, bidPrice: bid + 0.9, askPrice: ask + 0.9 })
    expect(verdict).toMatchObject({ disposition: 'flag', findings: [{ rule: 'butterfly-spread', severity: 'warning' }] })
    expect(verdict?.findings[0]?.reason).toMatch(/is not convex with TWX 2014-07-19 \S+ C at .* and TWX 2014-07-19 \S+ C at /)
    expect(verdict?.findings[0]?.evidence).toHaveLength(2)
  })

  it('flags a quote so low that its neighbours are no longer convex', () => {
    const market = new OptionMarket(RULES).quoted()
    const [bid, ask] = market.sidesOf(market.numberOf(70, 'P'))
    expect(market.findings(market.numberOf(70, 'P'), bid - 1, ask - 1)).toEqual([expect.stringContaining('butterfly-spread: ')])
  })

  it('does not accuse the neighbours that come behind it', () => {
    const market = new OptionMarket(RULES).quoted()
    const [bid, ask] = market.sidesOf(market.numberOf(70, 'C'))
    market.findings(market.numberOf(70, 'C'), bid + 0.9, ask + 0.9)
    for (const [instrument] of market.contracts.entries()) expect(market.healthy(instrument)).toEqual([])
  })

  it('says nothing when three quotes contradict each other from the start', () => {
    const market = new OptionMarket(RULES)
    for (const strike of [67.5, 70]) market.healthy(market.numberOf(strike, 'C'))
    expect(market.findings(market.numberOf(72.5, 'C'), 0.01, 0.02)).toEqual([])
  })

  it('flags the one of three that alone has changed', () => {
    const market = new OptionMarket(RULES)
    for (const strike of [67.5, 72.5, 70]) market.healthy(market.numberOf(strike, 'C'))
    const [bid, ask] = market.sidesOf(market.numberOf(70, 'C'))
    expect(market.findings(market.numberOf(70, 'C'), bid + 0.9, ask + 0.9)).toHaveLength(1)
  })

  it('bears wide and one-sided quotes', () => {
    const market = new OptionMarket(RULES).quoted()
    expect(market.findings(market.numberOf(70, 'C'), 0, 50)).toEqual([])
    expect(market.findings(market.numberOf(70, 'C'), undefined, 50)).toEqual([])
  })
})
