import { describe, expect, it } from 'vitest'

import { putCallParity } from '../../../../market/rules/put-call-parity.ts'
import { OptionMarket } from '../../../support/option-market.ts'

const RULES = [putCallParity]

describe('put-call-parity', () => {
  it('flags an option that its partner and the underlying contradict, with the figures', () => {
    const market = new OptionMarket(RULES).quoted()
    const [call, put] = [market.numberOf(70, 'C'), market.numberOf(70, 'P')]
    const [bid, ask] = market.sidesOf(call)
    const verdict = market.rules.verdictOn({ kind: 'quote', instrument: call, bidPrice: bid + 1.5, askPrice: ask + 1.5 })
    expect(verdict).toMatchObject({ disposition: 'flag', findings: [{ severity: 'warning', evidence: [put, 0] }] })
    expect(verdict?.findings[0]?.reason).toMatch(/ is \d\.\d\d off TWX 2014-07-19 70 P at .* and TWX at 69.99 to 70.01$/)
  })

  it('does not accuse the partner that comes behind it', () => {
    const market = new OptionMarket(RULES).quoted()
    const [bid, ask] = market.sidesOf(market.numberOf(70, 'C'))
    market.findings(market.numberOf(70, 'C'), bid + 1.5, ask + 1.5)
    for (const [instrument] of market.contracts.entries()) expect(market.healthy(instrument)).toEqual([])
  })

  it('names no option when the underlying is off', () => {
    const market = new OptionMarket(RULES).quoted()
    market.findings(0, 75, 75.02)
    expect(market.contracts.flatMap((_, instrument) => (instrument === 0 ? [] : market.healthy(instrument)))).toEqual([])
  })

  it('allows for dividends that are known', () => {
    const withDividend = (amount: number) => {
      const market = new OptionMarket(RULES)
      const payments = [{ exDate: '2014-07-01', amount }]
      market.rules.take({ kind: 'carry', input: 'dividends', instrument: 0, payments, asOf: '2014-06-05', source: 'corporate-actions' })
      market.quoted()
      const call = market.numberOf(70, 'C')
      const [bid, ask] = market.sidesOf(call)
      return market.findings(call, bid - 1.5, ask - 1.5)
    }
    expect(withDividend(0.01)).toHaveLength(1)
    expect(withDividend(2)).toEqual([])
  })

  it('needs both: a partner and an underlying', () => {
    const market = new OptionMarket(RULES)
    market.healthy(market.numberOf(70, 'P'))
    expect(market.findings(market.numberOf(70, 'C'), 30, 31)).toEqual([])
  })
})
