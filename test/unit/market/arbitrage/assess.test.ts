import { describe, expect, it } from 'vitest'

import { REFUSALS } from '../../../../market/arbitrage/funnel.ts'
import type { ArbitrageSettings, Preset } from '../../../../market/arbitrage/settings.ts'
import { Mark } from '../../../../market/marks.ts'
import { usFromIso } from '../../../../market/time.ts'
import { flagged, quarantined } from '../../../support/tape/verdicts.ts'
import { CALL, EngineMarket, PUT, STOCK } from './engine-market.ts'

const [HIGH_CALL, HIGH_PUT] = [3, 4]
/** The put is worth its exercise then. */
const NO_EXERCISE: Own = { detectors: { intrinsic: 'off' } }

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
    ['stale-leg', (market) => market.begin().stock(100, 100.02, { marks: Mark.askPastLimit }).quote(PUT, 2.5, 2.6).quote(CALL, 3, 3.1)],
    ['stale-leg', (market) => market.begin().stock(100, 100.02).quote(PUT, 2.5, 2.6).quote(CALL, 3, 3.1, { marks: Mark.bidPastLimit })],
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
    // A price of 0 is none, whatever stands behind it.
    ['size', (market) => market.begin().stock(97, 97.02).quote(PUT, 2.5, 2.6).quote(CALL, 0, 3.1), NO_EXERCISE],
    ['size', (market) => market.begin().stock(97, 97.02).quote(PUT, 2.5, 2.6).quote(CALL, -0, 3.1), NO_EXERCISE],
    ['size', (market) => market.begin().stock(100, 100.02).quote(CALL, 3, 3.1).quote(PUT, undefined, 0)],
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

it('an exercise that is done at once returns its edge in a day, not until the expiry', () => {
  // The put brings 100 and costs 99.62 with its stock: 0.38 a share, 44 days before it expires.
  const market = new EngineMarket({ minAnnualReturn: 0.5 }).begin().stock(97, 97.02).quote(PUT, 2.5, 2.6)
  const { opened } = market.episodes[0] ?? expect.fail()
  expect(opened).toMatchObject({ detector: 'intrinsic', carry: { lastDays: 44 } })
  expect(opened.annualReturn).toBeCloseTo((opened.edgePerContract / opened.capital) * 365, 10)
})

describe('a halt', () => {
  it('ends what is open on that stock at once, packages of options alone too, and nothing of others', () => {
    const halt = (instrument: number, name = 'halted', value = 1) => ({ kind: 'statistic', instrument, name, value }) as const
    const market = new EngineMarket().begin().mispriced()
    market.give(halt(9), halt(STOCK, 'open'), halt(STOCK, 'halted', 0))
    expect(market.arbitrage.open).toHaveLength(1)
    market.give(halt(STOCK))
    expect(market.episodes[0]).toMatchObject({ ending: 'refused', closedUs: market.tsUs })

    const alone = new EngineMarket().begin().give(...[HIGH_CALL, HIGH_PUT].map((instrument) => named(instrument, { strike: 110 })))
    // A box of 10 for 9.
    alone.quote(CALL, 6, 6.1).quote(PUT, 5, 5.1).quote(HIGH_CALL, 2, 2.1).quote(HIGH_PUT, 9.9, 10)
    expect(alone.arbitrage.open.map(({ opened }) => opened.detector)).toContain('long-box')
    alone.give(halt(STOCK))
    expect(alone.arbitrage.open).toEqual([])
    expect(new Set(alone.episodes.map(({ ending, closedUs }) => `${ending} ${closedUs}`))).toEqual(new Set([`refused ${alone.tsUs}`]))
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

  it('not when a trade is only given again, came late, was frozen, delayed or kept out: the stock is halted still', () => {
    const kinds = [
      { marks: Mark.initial },
      { marks: Mark.late },
      { marks: Mark.frozen },
      { delayed: true as const },
      { verdict: quarantined('price-jump', 'jumped') },
    ]
    for (const kind of kinds) {
      const market = new EngineMarket().begin().give({ kind: 'statistic', instrument: STOCK, name: 'halted', value: 1 })
      market.give({ kind: 'trade', instrument: STOCK, price: 100, source: 'last', ...kind })
      // Nothing else of it is frozen or delayed.
      expect(market.mispriced().episodes).toEqual([])
      expect(reasons(market)).toContain('stale-leg')
    }
  })

  it('again when the number of what was halted stands for another stock', () => {
    const market = new EngineMarket().begin().give({ kind: 'statistic', instrument: STOCK, name: 'halted', value: 1 })
    market.give({ kind: 'contract', instrument: STOCK, contract: { kind: 'stock', symbol: 'IBM', currency: 'USD' } })
    expect(market.begin().mispriced().episodes).toHaveLength(1)
    const same = new EngineMarket().begin().give({ kind: 'statistic', instrument: STOCK, name: 'halted', value: 1 })
    same.give({ kind: 'contract', instrument: STOCK, contract: { kind: 'stock', symbol: 'TWX', currency: 'USD' } })
    expect(same.mispriced().episodes).toEqual([])
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

  it('with a price past the limits of the day on the side that is not traded', () => {
    const [bid, ask] = [{ marks: Mark.bidPastLimit }, { marks: Mark.askPastLimit }]
    expect(new EngineMarket().begin().stock(100, 100.02, bid).quote(PUT, 2.5, 2.6, bid).quote(CALL, 3, 3.1, ask).episodes).toHaveLength(1)
  })

  it('with a locked quote, and with one that has no bid on the side that is bought', () => {
    expect(new EngineMarket().begin().stock(100.02, 100.02).quote(PUT, undefined, 2.6).quote(CALL, 3, 3).episodes).toHaveLength(1)
  })
})

function named(instrument: number, { strike = 100 } = {}) {
  const contract = {
    kind: 'option',
    symbol: 'TWX',
    currency: 'USD',
    tradingClass: 'TWX',
    expiry: '2014-07-19',
    strike,
    right: instrument === CALL || instrument === HIGH_CALL ? 'C' : 'P',
    multiplier: 100,
  } as const
  return { kind: 'contract', instrument, contract } as const
}
