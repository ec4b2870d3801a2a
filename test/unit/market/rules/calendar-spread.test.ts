import { describe, expect, it } from 'vitest'

import { calendarSpread } from '../../../../market/rules/calendar-spread.ts'
import { OptionMarket } from '../../../support/option-market.ts'

const RULES = [calendarSpread]

describe('calendar-spread', () => {
  it('flags a near option that is bid above the offer of the far one, when it alone has changed', () => {
    const market = new OptionMarket(RULES)
    const [near, far] = [market.numberOf(70, 'C', '2014-07-19'), market.numberOf(70, 'C', '2014-10-18')]
    for (const instrument of [0, far, near]) market.healthy(instrument)
    expect(market.findings(near, 9, 9.1)).toEqual([
      `calendar-spread: 9 to 9.1 is out of order with TWX 2014-10-18 70 C at ${market.sidesOf(far).join(' to ')}`,
    ])
    expect(market.healthy(far)).toEqual([])
  })

  it('flags a far option that is offered below the bid of the near one', () => {
    const market = new OptionMarket(RULES)
    const [near, far] = [market.numberOf(70, 'P', '2014-07-19'), market.numberOf(70, 'P', '2014-10-18')]
    for (const instrument of [0, near, far]) market.healthy(instrument)
    expect(market.findings(far, 0.5, 0.6)).toHaveLength(1)
  })

  it('says nothing when it cannot be said who is wrong', () => {
    const market = new OptionMarket(RULES)
    const [near, far] = [market.numberOf(70, 'C', '2014-07-19'), market.numberOf(70, 'C', '2014-10-18')]
    market.findings(near, 9, 9.1)
    expect(market.healthy(far)).toEqual([])
  })

  it('compares no European options, which may invert', () => {
    const index = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' } as const
    const market = new OptionMarket(RULES, { symbol: 'SPX', tradingClass: 'SPXW', underlying: index })
    const [near, far] = [market.numberOf(70, 'P', '2014-07-19'), market.numberOf(70, 'P', '2014-10-18')]
    for (const instrument of [far, near]) market.healthy(instrument)
    expect(market.findings(near, 9, 9.1)).toEqual([])
  })
})
