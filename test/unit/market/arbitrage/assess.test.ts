import { describe, expect, it } from 'vitest'

import { REFUSALS } from '../../../../market/arbitrage/funnel.ts'
import type { ArbitrageSettings, Preset } from '../../../../market/arbitrage/settings.ts'
import { Mark } from '../../../../market/marks.ts'
import { usFromIso } from '../../../../market/time.ts'
import { flagged, quarantined } from '../../../support/tape/verdicts.ts'
import { CALL, EngineMarket, PUT, STOCK } from './engine-market.ts'

type Own = Partial<ArbitrageSettings> & { preset?: Preset }

/** Reasons for which conversions were refused, in the order of the gates. */
const reasons = ({ arbitrage: { funnel } }: EngineMarket) => REFUSALS.filter((reason) => funnel.refused(reason, 'conversion') > 0)

describe('a candidate is refused', () => {
  it.each<[string, (market: EngineMarket) => EngineMarket, Own?, string?]>([
    ['adjusted-deliverable', (market) => market.begin({ tradingClass: 'TWX1' }).mispriced()],
    [
      'settlement-mismatch',
      (market) =>
        market
          .begin({ symbol: 'VIX', tradingClass: 'VIX' })
          .give({ kind: 'contract', instrument: STOCK, contract: { kind: 'stock', symbol: 'VIX', currency: 'USD' } })
          .mispriced(),
    ],
    ['market-closed', (market) => market.begin().mispriced(), {}, '2014-06-05T09:00:00-04:00'],
    ['market-closed', (market) => market.begin().mispriced(), {}, '2014-06-05T16:05:00-04:00'],
    ['market-closed', (market) => market.begin().mispriced(), {}, '2014-06-07T12:00:00-04:00'],
    ['stale-leg', (market) => market.begin().stock(100, 100.02).quote(PUT, 2.5, 2.6).quote(CALL, 3, 3.1, { delayed: true })],
    ['stale-leg', (market) => market.begin().stock(100, 100.02).quote(PUT, 2.5, 2.6, { marks: Mark.late }).quote(CALL, 3, 3.1)],
    ['stale-leg', (market) => market.begin().stock(100, 100.02, { marks: Mark.frozen }).quote(PUT, 2.5, 2.6).quote(CALL, 3, 3.1)],
    ['stale-leg', (market) => market.begin().give({ kind: 'statistic', instrument: STOCK, name: 'halted', value: 1 }).mispriced()],
    ['stale-leg', (market) => market.begin().mispriced(), { maxLegAgeMs: 1500 }],
    [
      'flagged-leg',
      (market) =>
        market
          .begin()
          .stock(100, 100.02)
          .quote(PUT, 2.5, 2.6, { verdict: flagged('price-jump', 'jumped') })
          .quote(CALL, 3, 3.1),
    ],
    [
      'flagged-leg',
      (market) =>
        market
          .begin()
          .stock(100, 100.02)
          .stock(90, 90.02, { verdict: quarantined('price-jump', 'jumped') })
          .quote(PUT, 2.5, 2.6)
          .quote(CALL, 3, 3.1),
    ],
    ['crossed-leg', (market) => market.begin().stock(100, 100.02).quote(PUT, 2.7, 2.6).quote(CALL, 3, 3.1)],
    ['size', (market) => market.begin().stock(100, 100.02, { askSize: 99 }).quote(PUT, 2.5, 2.6).quote(CALL, 3, 3.1)],
    ['size', (market) => market.begin().stock(100, 100.02).quote(PUT, 2.5, 2.6, { askSize: 0 }).quote(CALL, 3, 3.1)],
    ['days', (market) => market.begin().mispriced(), { days: { from: 45, to: 100 } }],
    ['days', (market) => market.begin().mispriced(), { days: { from: 0, to: 43 } }],
    ['strike', (market) => market.begin().stock(60, 60.02).quote(PUT, 36, 36.1).quote(CALL, 0.5, 0.6), { strikePercent: 60 }],
    ['spread', (market) => market.begin().mispriced(), { maxSpreadPercent: 3 }],
    ['volume', (market) => market.begin().mispriced(), { minVolume: 1 }],
    ['cost', (market) => market.begin().mispriced(), { maxCapital: 9961 }],
    ['fees', (market) => market.begin().stock(100, 100.02).quote(PUT, 2.5, 2.6).quote(CALL, 2.63, 3.1)],
    ['below-threshold', (market) => market.begin().mispriced(), { minProfit: 72.41 }],
    ['below-threshold', (market) => market.begin().mispriced(), { minAnnualReturn: 0.0302 }],
    ['carry', (market) => market.begin().rate(0.05).mispriced()],
  ])('as %s', (reason, happen, settings = {}, at = '2014-06-05T12:00:00-04:00') => {
    const market = happen(new EngineMarket(settings, { startUs: usFromIso(at) }))
    expect(market.episodes).toEqual([])
    expect(reasons(market)).toEqual([reason])
  })

  it('where no rate is known, unless the settings assume one: then it is only expected, and may be refused for that', () => {
    const without = (settings: Own) =>
      new EngineMarket(settings)
        .give({ kind: 'contract', instrument: STOCK, contract: { kind: 'stock', symbol: 'TWX', currency: 'USD' } })
        .give(...[CALL, PUT].map((instrument) => named(instrument)))
        .mispriced()
    expect(reasons(without({}))).toEqual(['missing-carry'])
    expect(without({ missingCarry: 'assume' }).episodes[0]?.opened).toMatchObject({
      certainty: 'expected',
      assumptions: ['rate-unknown'],
      carry: { rate: undefined, rateSource: undefined, dividends: undefined, borrow: undefined },
    })
    expect(reasons(without({ missingCarry: 'assume', onlyGuaranteed: true }))).toEqual(['not-guaranteed'])
  })
})

describe('a candidate passes', () => {
  it('with findings that compare its quote with others, where the settings accept them', () => {
    const parity = { verdict: flagged('put-call-parity', 'off') }
    const quoted = (settings: Own) => new EngineMarket(settings).begin().stock(100, 100.02).quote(PUT, 2.5, 2.6).quote(CALL, 3, 3.1, parity)
    expect(quoted({}).episodes).toHaveLength(1)
    expect(reasons(quoted({ acceptFindings: [] }))).toEqual(['flagged-leg'])
  })

  it('when a halt is over, by word of it or by a trade', () => {
    const halted = () => new EngineMarket().begin().give({ kind: 'statistic', instrument: STOCK, name: 'halted', value: 1 })
    expect(halted().give({ kind: 'statistic', instrument: STOCK, name: 'halted', value: 0 }).mispriced().episodes).toHaveLength(1)
    expect(halted().give({ kind: 'trade', instrument: STOCK, price: 100, source: 'last' }).mispriced().episodes).toHaveLength(1)
  })

  it('with the volume of the day, of either source', () => {
    const traded = (name: string) =>
      new EngineMarket({ minVolume: 5 })
        .begin()
        .give(...[CALL, PUT].map((instrument) => ({ kind: 'statistic', instrument, name, value: 5 }) as const))
        .mispriced()
    for (const name of ['day-volume', 'rt-day-volume']) expect(traded(name).episodes).toHaveLength(1)
  })

  it('with sizes of stocks in lots, when that is known', () => {
    const sizes = { groups: { quotes: { unit: 'lots', how: 'stated' } }, lots: { 'stock:TWX:USD': 100 } } as const
    const quoted = (market: EngineMarket) =>
      market.stock(100, 100.02, { askSize: 3 }).quote(PUT, 2.5, 2.6, { askSize: 9 }).quote(CALL, 3, 3.1, { bidSize: 9 })
    expect(reasons(quoted(new EngineMarket().begin()))).toEqual(['size'])
    const known = quoted(new EngineMarket().begin().give({ kind: 'session', event: 'sizes', sizes }))
    expect(known.episodes[0]?.opened).toMatchObject({ size: 3 })
    expect(known.episodes[0]?.opened.legs.map(({ size }) => size)).toEqual([300, 9, 9])
  })

  it('with a locked quote, and with one that has no bid on the side that is bought', () => {
    expect(new EngineMarket().begin().stock(100.02, 100.02).quote(PUT, undefined, 2.6).quote(CALL, 3, 3).episodes).toHaveLength(1)
  })
})

function named(instrument: number) {
  const contract = {
    kind: 'option',
    symbol: 'TWX',
    currency: 'USD',
    tradingClass: 'TWX',
    expiry: '2014-07-19',
    strike: 100,
    right: instrument === CALL ? 'C' : 'P',
    multiplier: 100,
  } as const
  return { kind: 'contract', instrument, contract } as const
}
