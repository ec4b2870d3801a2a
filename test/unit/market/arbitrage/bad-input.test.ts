/** Legs that are missing, one-sided, crossed, without size, doubted or of another product, and carry that nobody named, by somebody who did not write the engine. */

import { describe, expect, it } from 'vitest'

import type { ArbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import type { Contract } from '../../../../market/contract.ts'
import { Mark } from '../../../../market/marks.ts'
import { type Event, PlantedMarket, type PlantedOptions } from '../../../support/arbitrage/planted.ts'
import { flagged } from '../../../support/tape/verdicts.ts'

/** 100 - (100.02 + 3.00 - 4.00) = 0.98 per share with nothing to carry. */
const STOCK = '100.00x1000/100.02x1000'
const PUT = '2.80/3.00'
const CALL = '4.00/4.20'

const conversionIn = (options: PlantedOptions = {}) => {
  const market = new PlantedMarket(options)
  market.quotes({ stock: STOCK, '100P': PUT })
  return market
}
const names = (events: readonly Event[]) =>
  events.map(({ event, episode }) => `${event} ${episode.opened.certainty} ${episode.opened.detector}`)
const refusals = (market: PlantedMarket) =>
  [...market.funnel.detectors].flatMap((detector) =>
    (
      [
        'stale-leg',
        'flagged-leg',
        'crossed-leg',
        'size',
        'adjusted-deliverable',
        'settlement-mismatch',
        'underlying-not-executable',
        'missing-carry',
        'carry',
      ] as const
    )
      .filter((reason) => market.funnel.refused(reason, detector) > 0)
      .map((reason) => `${detector}: ${reason}`),
  )

it('A conversion is there to be spoilt', () => {
  expect(names(conversionIn().quote('100C', CALL))).toEqual(['opened guaranteed conversion'])
})

describe('A leg that is not there or not whole', () => {
  it.each([
    ['a put without an ask', { '100P': '2.80/' }],
    ['a put without any quote', { '100P': '/' }],
    ['a stock without an ask', { stock: '100.00x1000/' }],
    ['a put of another strike', { '100P': '/', '95P': '0.10/0.20' }],
  ])('makes no relation: %s', (_, spoilt) => {
    const market = conversionIn()
    market.quotes(spoilt)
    expect(market.quote('100C', CALL)).toEqual([])
    expect(market.funnel.candidates).toBe(0)
  })

  it('does no harm on the side that is not traded', () => {
    const market = conversionIn()
    market.quotes({ '100P': '/3.00', stock: '/100.02x1000' })
    expect(names(market.quote('100C', '4.00/'))).toEqual(['opened guaranteed conversion'])
  })

  it.each([
    ['size 0', '4.00x0/4.20', {}],
    ['a size that is not known', '4.00/4.20', { bidSize: undefined }],
    ['a negative size', '4.00x-3/4.20', {}],
    ['a size that is no number', '4.00/4.20', { bidSize: Number.NaN }],
    ['less than a contract', '4.00x0.5/4.20', {}],
  ])('is refused for its size: %s', (_, sides, fields) => {
    const market = conversionIn()
    expect(market.quote('100C', sides, fields)).toEqual([])
    expect(refusals(market)).toContain('conversion: size')
  })

  it('is refused where fewer shares stand than one contract delivers', () => {
    const market = conversionIn()
    market.quote('stock', '100.00x1000/100.02x99')
    expect(market.quote('100C', CALL)).toEqual([])
    expect(refusals(market)).toEqual(['conversion: size'])
    expect(names(market.quote('stock', '100.00x1000/100.02x100'))).toEqual(['opened guaranteed conversion'])
  })

  it.each([
    ['crossed', '4.00/3.90', {}, 'crossed-leg'],
    ['delayed', CALL, { delayed: true as const }, 'stale-leg'],
    ['frozen', CALL, { marks: Mark.frozen }, 'stale-leg'],
    ['late', CALL, { marks: Mark.late }, 'stale-leg'],
    ['flagged', CALL, { verdict: flagged('price-jump', 'jumped') }, 'flagged-leg'],
  ])('is refused when it is %s, and found again when it is whole', (_, sides, fields, reason) => {
    const market = conversionIn()
    expect(names(market.quote('100C', sides, fields)).filter((name) => name.includes('conversion'))).toEqual([])
    expect(refusals(market)).toContain(`conversion: ${reason}`)
    expect(names(market.quote('100C', CALL))).toContain('opened guaranteed conversion')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -4, 0, 1e308, -0])('opens nothing at a price of %d', (price) => {
    for (const side of ['bidPrice', 'askPrice'] as const) {
      const market = conversionIn()
      for (const { episode } of market.quote('100C', CALL, { [side]: price })) {
        const { profit, capital, annualReturn, worstCase } = episode.opened
        expect([profit, capital, annualReturn, worstCase].every(Number.isFinite)).toBe(true)
        expect(episode.opened.legs.every((leg) => leg.price > 0)).toBe(true)
      }
    }
  })

  it('is not sold where nothing is bid for it, whatever size stands there', () => {
    const market = new PlantedMarket()
    market.quotes({ stock: '94.90x1000/95.00x1000', '100C': '0.00x5/0.05' })
    // The put alone is below its exercise value; to give a call away on top is no conversion.
    expect(names(market.quote('100P', '4.70/4.80'))).toEqual(['opened guaranteed intrinsic'])
  })
})

describe('Carry that nobody named', () => {
  const settings = (missingCarry: ArbitrageSettings['missingCarry']) => ({ settings: { missingCarry } })

  it.each([
    ['conversion', 'rate-unknown', { rate: undefined }, { '100C': CALL }],
    ['reversal', 'dividends-unknown', { payments: undefined }, { '100P': '4.20/4.40', '100C': '2.80/3.00' }],
    ['reversal', 'borrow-unknown', { borrow: undefined }, { '100P': '4.20/4.40', '100C': '2.80/3.00' }],
  ] as const)('makes a %s one that is only expected, tagged %s, or refuses it', (detector, assumption, missing, quotes) => {
    const planted = (missingCarry: ArbitrageSettings['missingCarry']) => {
      const market = new PlantedMarket({ ...missing, ...settings(missingCarry) })
      market.quote('stock', STOCK)
      return { market, events: market.quotes({ '100P': PUT, ...quotes }) }
    }
    const assumed = planted('assume').events.filter(({ episode }) => episode.opened.detector === detector)
    expect(names(assumed)).toEqual([`opened expected ${detector}`])
    const { assumptions, worstCase, edgePerContract } = (assumed[0] as Event).episode.opened
    expect(assumptions).toContain(assumption)
    expect(worstCase).toBeLessThanOrEqual(edgePerContract)
    const refused = planted('refuse')
    expect(refused.events.filter(({ episode }) => episode.opened.detector === detector)).toEqual([])
    expect(refusals(refused.market)).toContain(`${detector}: missing-carry`)
  })

  it('does not matter to what rests on none of it', () => {
    const market = new PlantedMarket({ rate: undefined, payments: undefined, borrow: undefined, ...settings('refuse') })
    market.quote('stock', STOCK)
    expect(names(market.quote('90C', '9.30/9.50'))).toEqual(['opened guaranteed intrinsic'])
    market.quote('100P far', '2.70/2.80')
    expect(names(market.quote('100P', '3.00/3.10'))).toContain('opened guaranteed calendar')
    expect(names(market.quote('110P', '13.00/13.40'))).not.toContain('opened guaranteed vertical-bound')
  })

  it('is what looks like conversions at zero rates: one percent a year removes them', () => {
    const quotes = { stock: STOCK, '100P': '2.98/3.00', '100C': '3.02/3.12' }
    const without = new PlantedMarket()
    expect(names(without.quotes(quotes))).toEqual([])
    const bare = new PlantedMarket({ settings: { minProfit: 0 } })
    expect(names(bare.quotes({ ...quotes, '100C': '3.20/3.22' }))).toEqual(['opened guaranteed conversion'])
    const carried = new PlantedMarket({ rate: 0.01, settings: { minProfit: 0 } })
    expect(names(carried.quotes({ ...quotes, '100C': '3.20/3.22' }))).toEqual([])
    expect(refusals(carried)).toContain('conversion: carry')
  })
})

describe('Products that are not the same', () => {
  const spx: Contract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
  const vix: Contract = { kind: 'index', symbol: 'VIX', currency: 'USD', venue: 'CBOE' }
  const oex: Contract = { kind: 'index', symbol: 'OEX', currency: 'USD', venue: 'CBOE' }

  it('are never put together: a box, a vertical or a calendar of SPX and SPXW', () => {
    const market = new PlantedMarket({ underlying: spx })
    market.print(100)
    const events = market.quotes({
      '80C': '16.00/16.20',
      '80P': '0.07/0.09',
      '90C SPXW': '12.00/12.10',
      '90P SPXW': '0.90/1.00',
      '100C SPXW': '17.00/17.10',
      '80C far SPXW': '5.00/5.10',
    })
    for (const { episode } of events) {
      const classes = episode.opened.legs.map(({ contract }) => (contract.kind === 'option' ? contract.tradingClass : contract.kind))
      expect(new Set(classes).size).toBe(1)
    }
    expect(names(events)).not.toContain('opened guaranteed long-box')
  })

  it('refuse what would deliver something else since a split, against the underlying', () => {
    const market = new PlantedMarket()
    market.quote('stock', STOCK)
    expect(market.quotes({ '100P ABC1': PUT, '100C ABC1': '45.00/45.20' })).toEqual([])
    expect(market.quote('60C ABC1', '8.00/8.20')).toEqual([])
    expect(refusals(market)).toEqual(expect.arrayContaining(['conversion: adjusted-deliverable', 'intrinsic: adjusted-deliverable']))
  })

  it('refuse an index as a leg: nobody can trade its print', () => {
    const market = new PlantedMarket({ underlying: spx })
    market.print(100)
    expect(market.quotes({ '100P': PUT, '100C': CALL })).toEqual([])
    expect(refusals(market)).toContain('conversion: underlying-not-executable')
    const american = new PlantedMarket({ underlying: oex })
    american.print(100)
    expect(american.quote('90C', '9.30/9.50')).toEqual([])
    expect(refusals(american)).toContain('intrinsic: underlying-not-executable')
  })

  it('refuse VIX options against the index and across expiries, which have futures of their own, and take a box of one expiry', () => {
    const market = new PlantedMarket({ underlying: vix, rate: 0.05 })
    market.print(15)
    expect(market.quotes({ '20C': '1.00/1.10', '20P': '2.00/2.10', '20C far': '0.60/0.70', '20P far': '3.00/3.10' })).toEqual([])
    expect(names(market.quotes({ '25C': '0.40/0.45', '25P': '6.20/6.30' }))).toEqual([])
    expect(names(market.quote('25C', '0.80/0.85'))).toContain('opened guaranteed long-box')
  })
})
