import { describe, expect, it } from 'vitest'

import { butterflySpread } from '../../../../market/rules/butterfly-spread.ts'
import { calendarSpread } from '../../../../market/rules/calendar-spread.ts'
import { verticalSpread } from '../../../../market/rules/vertical-spread.ts'
import { Mark } from '../../../../market/marks.ts'
import { OptionMarket } from '../../../support/option-market.ts'

const RULES = [verticalSpread]

describe('vertical-spread', () => {
  it('quarantines a call above the calls of lower strikes, and names them with their quotes', () => {
    const market = new OptionMarket(RULES).quoted()
    const at72 = market.numberOf(72.5, 'C')
    const [bid, ask] = market.sidesOf(at72)
    const verdict = market.rules.verdictOn({ kind: 'quote', instrument: at72, bidPrice: bid * 10, askPrice: ask * 10 })
    expect(verdict?.disposition).toBe('quarantine')
    const [finding] = verdict?.findings ?? []
    expect(finding?.reason).toContain(`TWX 2014-07-19 70 C at ${market.sidesOf(market.numberOf(70, 'C')).join(' to ')}`)
    expect(finding?.evidence).toContain(market.numberOf(70, 'C'))
    expect(finding?.evidence).not.toContain(at72)
  })

  it('quarantines a put far below the puts of lower strikes', () => {
    const market = new OptionMarket(RULES).quoted()
    const [bid, ask] = market.sidesOf(market.numberOf(75, 'P'))
    expect(market.findings(market.numberOf(75, 'P'), bid / 10, ask / 10)).toEqual([expect.stringContaining('!vertical-spread: ')])
  })

  it('quarantines an option that is worth more than the next one and the width between', () => {
    const market = new OptionMarket(RULES).quoted()
    expect(market.findings(market.numberOf(60, 'C'), 25, 25.2)).toEqual([expect.stringContaining('!vertical-spread: ')])
  })

  it('only flags a quote that is the first behind a move which the line of the underlying does not show yet', () => {
    const market = new OptionMarket(RULES).quoted()
    const at70 = market.numberOf(70, 'C')
    const [bid, ask] = market.sidesOf(at70)
    const [, askOf72] = market.sidesOf(market.numberOf(72.5, 'C'))
    const bidAt = (by: number) => askOf72 + 2.5 + by
    expect(bid).toBeLessThan(bidAt(0.06))
    expect(market.findings(at70, bidAt(0.06), bidAt(0.06) + ask - bid)).not.toContainEqual(expect.stringMatching(/^!/))
    expect(market.findings(at70, bidAt(5), bidAt(5) + ask - bid)).toEqual([expect.stringMatching(/^!vertical-spread: /)])
  })

  it('lets every healthy quote pass behind a bad one, which changes nothing', () => {
    const market = new OptionMarket(RULES).quoted()
    market.findings(market.numberOf(72.5, 'C'), 15, 15.2)
    for (const [instrument] of market.contracts.entries()) expect(market.healthy(instrument)).toEqual([])
  })

  it('does not accuse healthy quotes that come behind a bad one which was first in its chain', () => {
    const market = new OptionMarket(RULES)
    market.healthy(0)
    expect(market.findings(market.numberOf(70, 'C'), 20, 20.2)).toEqual([])
    for (const [instrument] of market.contracts.entries())
      if (instrument !== market.numberOf(70, 'C')) expect(market.healthy(instrument)).toEqual([])
  })

  it('flags the one that alone has changed when a single strike is there to compare with', () => {
    const market = new OptionMarket(RULES)
    for (const strike of [70, 72.5]) market.healthy(market.numberOf(strike, 'C'))
    const findings = market.findings(market.numberOf(72.5, 'C'), 20, 20.2)
    expect(findings).toEqual([expect.stringMatching(/^vertical-spread: 20 to 20.2 is out of order with TWX 2014-07-19 70 C/)])
  })

  it('says nothing of two options that contradict each other from the start', () => {
    const market = new OptionMarket(RULES)
    market.findings(market.numberOf(70, 'C'), 2, 2.1)
    expect(market.findings(market.numberOf(72.5, 'C'), 20, 20.2)).toEqual([])
  })

  it('bears quotes that stand from before a move of the underlying', () => {
    const market = new OptionMarket(RULES).quoted()
    market.healthy(0, 78)
    for (const [instrument] of [...market.contracts.entries()].reverse()) expect(market.healthy(instrument, 78)).toEqual([])
  })

  it('accuses no healthy quote behind a move while the underlying has no quote, and notes what is out of order', () => {
    const market = new OptionMarket([verticalSpread, butterflySpread, calendarSpread])
    const options = [...market.contracts.keys()].slice(1)
    for (const instrument of options) market.healthy(instrument)
    const findings = options.reverse().flatMap((instrument) => {
      const [bidPrice, askPrice] = market.sidesOf(instrument, 78)
      return market.rules.verdictOn({ kind: 'quote', instrument, bidPrice, askPrice })?.findings ?? []
    })
    expect(findings).not.toEqual([])
    for (const { severity, disposition } of findings) expect({ severity, disposition }).toEqual({ severity: 'info', disposition: 'flag' })
  })

  it('lets the market move on when several options are kept out at once, and comes to rest', () => {
    const market = new OptionMarket(RULES).quoted()
    // Volatility jumps while the stock stands still: every new quote contradicts what stands from before.
    const strikes = [80, 77.5, 75, 72.5, 70, 67.5, 65, 62.5, 60]
    const jumped = () => strikes.map((strike) => market.findings(market.numberOf(strike, 'C'), 30 - strike / 5, 30.1 - strike / 5))
    const first = jumped().flat()
    expect(first.filter((text) => text.startsWith('!'))).toHaveLength(2)
    jumped()
    expect(jumped().flat()).toEqual([])
  })

  it('takes no move from options that were kept out a while ago and are silent since', () => {
    const market = new OptionMarket(RULES).quoted()
    const bad = (strike: number) => market.findings(market.numberOf(strike, 'C'), 20, 20.2)
    expect([...bad(72.5), ...bad(75), ...bad(77.5)].map((text) => text.startsWith('!'))).toEqual([true, true, false])
    market.healthy(market.numberOf(77.5, 'C'))
    market.rules.nowUs += 11_000_000
    expect(bad(77.5)).toEqual([expect.stringMatching(/^!vertical-spread: /)])
  })

  it('bears wide, one-sided, zero-bid and locked quotes', () => {
    const market = new OptionMarket(RULES).quoted()
    const at75 = market.numberOf(75, 'C')
    const [bid, ask] = market.sidesOf(at75)
    expect(market.findings(at75, 0, 60)).toEqual([])
    expect(market.findings(at75, 0, ask)).toEqual([])
    expect(market.findings(at75, undefined, ask)).toEqual([])
    expect(market.findings(at75, bid, undefined)).toEqual([])
    expect(market.findings(at75, bid, bid)).toEqual([])
  })

  it('compares one-sided quotes too', () => {
    const market = new OptionMarket(RULES).quoted()
    expect(market.findings(market.numberOf(75, 'C'), 20, undefined)).toEqual([expect.stringContaining('!vertical-spread: ')])
  })

  it('leaves out what is not of the same moment, and what another rule names', () => {
    const market = new OptionMarket(RULES).quoted()
    const at75 = market.numberOf(75, 'C')
    for (const marks of [Mark.preOpen, Mark.frozen, Mark.late]) expect(market.findings(at75, 20, 20.2, { marks })).toEqual([])
    expect(market.findings(at75, 20, 1)).toEqual([])
    expect(market.findings(at75, -20, 20)).toEqual([])
    expect(market.findings(at75, 20, 20.2, { source: 'tick-by-tick' })).toEqual([])
    expect(market.findings(0, 200, 200.2)).toEqual([])
  })

  it('does not rest on a quote that was found fault with itself', () => {
    const market = new OptionMarket(RULES, { settings: { 'vertical-spread': { disposition: 'flag' } } }).quoted()
    expect(market.findings(market.numberOf(72.5, 'C'), 15, 15.2)).toHaveLength(1)
    for (const [instrument] of market.contracts.entries()) expect(market.healthy(instrument)).toEqual([])
  })
})
