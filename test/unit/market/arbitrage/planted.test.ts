/**
 * Violations of a known size, planted by hand, by somebody who did not write the detectors. What each is worth is worked out here from the
 * statements of textbooks: with a rate of 5 % a year, 1 in 73 days (a fifth of a year) is worth e^-0.01 today, in 146 days e^-0.02.
 */

import { describe, expect, it } from 'vitest'

import type { Episode } from '../../../../market/arbitrage/episode.ts'
import { type Name, PlantedMarket, type PlantedOptions, type Sides, tradesOf } from '../../../support/arbitrage/planted.ts'

const NEAR = Math.exp(-0.01)
const FAR = Math.exp(-0.02)
const FIVE_PERCENT = { rate: 0.05 }

interface Planted {
  detector: string
  about?: string
  options: PlantedOptions
  /** Nothing is wrong with these. */
  healthy: Record<Name, Sides>
  /** The quote that breaks the relation, with its size; one that mends it; and the same without size. */
  breaks: [Name, Sides]
  mends: [Name, Sides]
  sizeless: [Name, Sides]
  trades: string[]
  /** Per share, before fees. */
  edge: number
  size: number
  /** By leg, in the order of `trades`. */
  fees: number[]
  /** Per share. */
  capital: number
  lastDays: number
  certainty: 'guaranteed' | 'expected'
  impliedRate?: number
}

const european: PlantedOptions = { underlying: { kind: 'stock', symbol: 'SPX', currency: 'USD' } }
const index: PlantedOptions = { underlying: { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' } }

const PLANTED: Planted[] = [
  {
    // Bought for 100.02 + 3.00 - 4.50 = 98.52, brings 100 at the latest in 73 days: 100 e^-0.01 = 99.0050 today.
    detector: 'conversion',
    options: FIVE_PERCENT,
    healthy: { stock: '100.00x1000/100.02x1000', '100P': '2.80x9/3.00x5' },
    breaks: ['100C', '4.50x7/4.70x7'],
    mends: ['100C', '4.01x7/4.70x7'],
    sizeless: ['100C', '4.50x0/4.70x7'],
    trades: ['buy 1 stock at 100.02', 'buy 1 100P at 3', 'sell 1 100C at 4.5'],
    edge: 100 * NEAR - 98.52,
    size: 5,
    fees: [2.5, 3.25, 3.25],
    capital: 98.52,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    // The same European, where the payment of 2 in 30 days belongs to it.
    detector: 'conversion',
    about: 'European, with a dividend',
    options: { ...european, ...FIVE_PERCENT, payments: [{ day: 30, amount: 2 }] },
    healthy: { stock: '100.00x1000/100.02x1000', '100P': '4.80x9/5.00x5' },
    breaks: ['100C', '4.50x7/4.70x7'],
    mends: ['100C', '4.01x7/4.70x7'],
    sizeless: ['100C', '4.50x0/4.70x7'],
    trades: ['buy 1 stock at 100.02', 'buy 1 100P at 5', 'sell 1 100C at 4.5'],
    edge: 100 * NEAR + 2 * Math.exp((-0.05 * 30) / 365) - 100.52,
    size: 5,
    fees: [2.5, 3.25, 3.25],
    capital: 100.52,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    // Brings 100 + 4.20 - 3.00 = 101.20. The put may be assigned today: 100 is owed, the payment of 0.50 in 26 days, and 2 % a year for borrowing
    // what stands at 100.
    detector: 'reversal',
    options: { ...FIVE_PERCENT, payments: [{ day: 26, amount: 0.5 }], borrow: 0.02 },
    healthy: { stock: '100.00x350/100.00x1000', '100C': '2.80x20/3.00x20' },
    breaks: ['100P', '4.20x9/4.40x9'],
    mends: ['100P', '3.89x9/4.40x9'],
    sizeless: ['100P', '4.20x0/4.40x9'],
    trades: ['sell 1 stock at 100', 'sell 1 100P at 4.2', 'buy 1 100C at 3'],
    edge: 101.2 - 100 - 0.5 * Math.exp((-0.05 * 26) / 365) - 100 * (1 - Math.exp(-0.02 * 0.2)),
    size: 3,
    fees: [1.5, 1.95, 1.95],
    capital: 100,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    // European: 100 is owed in 73 days only.
    detector: 'reversal',
    about: 'European',
    options: { ...european, ...FIVE_PERCENT },
    healthy: { stock: '100.00x350/100.02x1000', '100C': '4.80x20/5.00x20' },
    breaks: ['100P', '4.20x9/4.40x9'],
    mends: ['100P', '4.00x9/4.40x9'],
    sizeless: ['100P', '4.20x0/4.40x9'],
    trades: ['sell 1 stock at 100', 'sell 1 100P at 4.2', 'buy 1 100C at 5'],
    edge: 99.2 - 100 * NEAR,
    size: 3,
    fees: [1.5, 1.95, 1.95],
    capital: 100,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    // Debit 100.02 + 0.80 - 7.00 = 93.82, which brings at least 95 in 73 days.
    detector: 'synthetic-free-risk',
    options: FIVE_PERCENT,
    healthy: { stock: '100.00x1000/100.02x1000', '95P': '0.70x9/0.80x5' },
    breaks: ['105C', '7.00x4/7.20x7'],
    mends: ['105C', '6.76x4/7.20x7'],
    sizeless: ['105C', '7.00x0/7.20x7'],
    trades: ['buy 1 stock at 100.02', 'buy 1 95P at 0.8', 'sell 1 105C at 7'],
    edge: 95 * NEAR - 93.82,
    size: 4,
    fees: [2, 2.6, 2.6],
    capital: 93.82,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    // 10 in 73 days for 9.85 lends at ln(10 / 9.85) / 0.2 = 7.56 %, above the 5 % that money brings.
    detector: 'long-box',
    options: { ...index, ...FIVE_PERCENT },
    healthy: { '80C': '16.00x9/16.20x9', '80P': '0.07x8/0.09x8', '90P': '0.90x9/1.00x9' },
    breaks: ['90C', '7.28x9/7.40x4'],
    mends: ['90C', '7.22x9/7.40x4'],
    sizeless: ['90C', '7.28x0/7.40x4'],
    trades: ['buy 1 80C at 16.2', 'sell 1 80P at 0.07', 'sell 1 90C at 7.28', 'buy 1 90P at 1'],
    edge: 10 * NEAR - 9.85,
    size: 8,
    fees: [5.2, 4, 5.2, 5.2],
    capital: 9.85,
    lastDays: 73,
    certainty: 'guaranteed',
    impliedRate: Math.log(10 / 9.85) / 0.2,
  },
  {
    // 9.97 today against 10 in 73 days borrows at 1.5 %.
    detector: 'short-box',
    options: { ...index, ...FIVE_PERCENT },
    healthy: { '80C': '16.20x9/16.40x9', '80P': '0.05x8/0.06x8', '90P': '1.05x9/1.20x9' },
    breaks: ['90C', '7.00x9/7.22x4'],
    mends: ['90C', '7.00x9/7.30x4'],
    sizeless: ['90C', '7.00x4/7.22x0'],
    trades: ['sell 1 80C at 16.2', 'buy 1 80P at 0.06', 'buy 1 90C at 7.22', 'sell 1 90P at 1.05'],
    edge: 9.97 - 10 * NEAR,
    size: 4,
    fees: [2.6, 2, 2.6, 2.6],
    capital: 10,
    lastDays: 73,
    certainty: 'guaranteed',
    impliedRate: Math.log(10 / 9.97) / 0.2,
  },
  {
    // Brings 10.20 and owes 10 at most, at once when the call is assigned.
    detector: 'vertical-bound',
    options: FIVE_PERCENT,
    healthy: { '100C': '5.20x20/5.30x20' },
    breaks: ['90C', '15.50x7/15.90x7'],
    mends: ['90C', '15.30x7/15.90x7'],
    sizeless: ['90C', '15.50x0/15.90x7'],
    trades: ['sell 1 90C at 15.5', 'buy 1 100C at 5.3'],
    edge: 0.2,
    size: 7,
    fees: [4.55, 4.55],
    capital: 10,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    // Of European puts the width is owed in 73 days: 10 e^-0.01.
    detector: 'vertical-bound',
    about: 'European puts',
    options: { ...index, ...FIVE_PERCENT },
    healthy: { '90P': '5.20x20/5.30x20' },
    breaks: ['100P', '15.28x7/15.90x7'],
    mends: ['100P', '15.20x7/15.90x7'],
    sizeless: ['100P', '15.28x0/15.90x7'],
    trades: ['buy 1 90P at 5.3', 'sell 1 100P at 15.28'],
    edge: 9.98 - 10 * NEAR,
    size: 7,
    fees: [4.55, 4.55],
    capital: 10,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    detector: 'strike-monotonicity',
    options: FIVE_PERCENT,
    healthy: { '95C': '5.90x3/6.00x3' },
    breaks: ['100C', '6.15x7/6.30x7'],
    mends: ['100C', '6.00x7/6.30x7'],
    sizeless: ['100C', '6.15x0/6.30x7'],
    trades: ['buy 1 95C at 6', 'sell 1 100C at 6.15'],
    edge: 0.15,
    size: 3,
    fees: [1.95, 1.95],
    capital: 6,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    // Wings of 5 and 10: two of 90 and one of 105 for three of 95. 3 x 8.70 - 2 x 12.00 - 1.50 = 0.60.
    detector: 'butterfly',
    options: FIVE_PERCENT,
    healthy: { '90C': '11.80x9/12.00x9', '105C': '1.40x5/1.50x5' },
    breaks: ['95C', '8.70x10/8.90x10'],
    mends: ['95C', '8.50x10/8.90x10'],
    sizeless: ['95C', '8.70x2/8.90x10'],
    trades: ['buy 2 90C at 12', 'sell 3 95C at 8.7', 'buy 1 105C at 1.5'],
    edge: 0.6,
    size: 3,
    fees: [3.9, 5.85, 1.95],
    capital: 25.5,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    // The short put may be assigned on a Friday: the far one brings 100 up to four days later, and interest is lost until then.
    detector: 'calendar',
    options: FIVE_PERCENT,
    healthy: { '100P far': '2.70x6/2.80x6' },
    breaks: ['100P', '3.00x8/3.10x8'],
    mends: ['100P', '2.80x8/3.10x8'],
    sizeless: ['100P', '3.00x0/3.10x8'],
    trades: ['sell 1 100P at 3', 'buy 1 100P far at 2.8'],
    edge: 0.2 - 100 * (1 - Math.exp((-0.05 * 4) / 365)),
    size: 6,
    fees: [3.9, 3.9],
    capital: 2.8,
    lastDays: 146,
    certainty: 'guaranteed',
  },
  {
    // Forwards at 100: bought for October at 0.50, sold for August at 0.10; what is paid 73 days later costs 100 (e^-0.01 - e^-0.02) less.
    detector: 'jelly-roll',
    options: { ...european, ...FIVE_PERCENT },
    healthy: { '100C': '4.20x6/4.40x6', '100P': '3.90x6/4.10x6', '100P far': '5.50x6/5.60x6' },
    breaks: ['100C far', '5.80x8/6.00x5'],
    mends: ['100C far', '5.80x8/6.60x5'],
    sizeless: ['100C far', '5.80x8/6.00x0'],
    trades: ['sell 1 100C at 4.2', 'buy 1 100P at 4.1', 'buy 1 100C far at 6', 'sell 1 100P far at 5.5'],
    edge: 100 * (NEAR - FAR) - 0.4,
    size: 5,
    fees: [3.25, 3.25, 3.25, 3.25],
    capital: 100,
    lastDays: 146,
    certainty: 'expected',
  },
  {
    // Bought for 9.50, exercised at 90 and delivered against 100.
    detector: 'intrinsic',
    options: FIVE_PERCENT,
    healthy: { stock: '100.00x700/100.02x1000' },
    breaks: ['90C', '9.30x9/9.50x9'],
    mends: ['90C', '9.30x9/10.00x9'],
    sizeless: ['90C', '9.30x9/9.50x0'],
    trades: ['sell 1 stock at 100', 'buy 1 90C at 9.5'],
    edge: 0.5,
    size: 7,
    fees: [3.5, 4.55],
    capital: 99.5,
    lastDays: 73,
    certainty: 'guaranteed',
  },
  {
    detector: 'intrinsic',
    about: 'a put',
    options: FIVE_PERCENT,
    healthy: { stock: '100.00x700/100.02x1000' },
    breaks: ['110P', '9.50x9/9.60x9'],
    mends: ['110P', '9.50x9/9.98x9'],
    sizeless: ['110P', '9.50x9/9.60x0'],
    trades: ['buy 1 stock at 100.02', 'buy 1 110P at 9.6'],
    edge: 110 - 100.02 - 9.6,
    size: 9,
    fees: [4.5, 5.85],
    capital: 109.62,
    lastDays: 73,
    certainty: 'guaranteed',
  },
]

const titled = PLANTED.map((planted) => [`${planted.detector}${planted.about ? `, ${planted.about}` : ''}`, planted] as const)

/** Everything but the quote that breaks it. */
function healthyMarket({ options, healthy }: Planted): PlantedMarket {
  const market = new PlantedMarket(options)
  expect(market.quotes(healthy)).toEqual([])
  return market
}

function expectFound(market: PlantedMarket, planted: Planted, found: Episode['opened']): void {
  const { trades, edge, size, fees, capital, lastDays, certainty, impliedRate, breaks, healthy } = planted
  expect(tradesOf(market, [...Object.keys(healthy), breaks[0]], found)).toEqual(trades)
  expect(found).toMatchObject({ size, certainty, multiplier: 100 })
  expect(found.legs.map(({ fee }) => fee)).toEqual(fees.map((fee) => expect.closeTo(fee, 6)))
  const paid = fees.reduce((sum, fee) => sum + fee, 0)
  const perContract = edge * 100 - paid / size
  expect(found.grossEdgePerShare).toBeCloseTo(edge, 9)
  expect(found.fees).toBeCloseTo(paid, 6)
  expect(found.edgePerShare).toBeCloseTo(perContract / 100, 8)
  expect(found.edgePerContract).toBeCloseTo(perContract, 6)
  expect(found.profit).toBeCloseTo(perContract * size, 5)
  expect(found.capital).toBeCloseTo(capital * 100, 6)
  expect(found.carry.lastDays).toBe(lastDays)
  // An option that is exercised at once ties its capital up for a day.
  const days = found.detector === 'intrinsic' ? 1 : lastDays
  expect(found.annualReturn).toBeCloseTo(((perContract / (capital * 100)) * 365) / days, 8)
  if (certainty === 'guaranteed') expect(found.worstCase).toBeCloseTo(perContract, 6)
  else expect(found.worstCase).toBeLessThanOrEqual(perContract)
  if (impliedRate !== undefined) expect(found.impliedRate).toBeCloseTo(impliedRate, 9)
}

describe.each(titled)('A planted violation (%s)', (_, planted) => {
  it('is found on the quote that breaks it, with its edge after fees, and closed on the tick that mends it', () => {
    const market = healthyMarket(planted)
    const opened = market.quote(...planted.breaks)
    expect(opened.map(({ event, episode }) => `${event} ${episode.opened.detector}`)).toEqual([`opened ${planted.detector}`])
    const [{ episode }] = opened as [(typeof opened)[0]]
    expectFound(market, planted, episode.opened)
    expect([episode.openedUs, episode.closedUs]).toEqual([market.tsUs, undefined])

    const closed = market.quote(...planted.mends)
    expect(closed).toMatchObject([{ event: 'closed', episode: { id: episode.id, ending: 'edge-gone', closedUs: market.tsUs, quotes: 2 } }])
    expect(market.open).toEqual([])
    expect(market.funnel.opened).toBe(1)
  })

  it('is not found where nothing, or less than one package, stands at a price', () => {
    const market = healthyMarket(planted)
    expect(market.quote(...planted.sizeless)).toEqual([])
    expect(market.funnel.refused('size', planted.detector)).toBe(1)
    // With a size it is one, and ends when the size goes.
    expect(market.quote(...planted.breaks)).toMatchObject([{ event: 'opened' }])
    expect(market.quote(...planted.sizeless)).toMatchObject([{ event: 'closed', episode: { ending: 'size-gone' } }])
  })

  it('is found whichever of its legs is quoted last, with the same trades', () => {
    const { healthy, breaks, detector } = planted
    const all = Object.entries({ ...healthy, [breaks[0]]: breaks[1] })
    for (const [last] of all) {
      const market = new PlantedMarket(planted.options)
      // Names give contracts their numbers: in another order they have others.
      expect(market.quotes(Object.fromEntries(all.filter(([name]) => name !== last)))).toEqual([])
      const opened = market.quote(last, (Object.fromEntries(all) as Record<Name, Sides>)[last] as Sides)
      expect(opened.map(({ episode }) => episode.opened.detector)).toEqual([detector])
      expectFound(market, planted, (opened[0] as (typeof opened)[0]).episode.opened)
    }
  })

  it('ends when a leg loses the price that is needed, when the session loses its data, and when a line is closed', () => {
    const begun = () => {
      const market = healthyMarket(planted)
      market.quote(...planted.breaks)
      return market
    }
    const name = planted.breaks[0]
    const withoutQuote = begun()
    expect(withoutQuote.quote(name, '/')).toMatchObject([{ event: 'closed', episode: { ending: 'quote-gone' } }])
    const interrupted = begun()
    const fromTsUs = interrupted.tsUs + 500
    expect(interrupted.take({ kind: 'session', event: 'interrupted', cause: 'link-lost', fromTsUs })).toMatchObject([
      { event: 'closed', episode: { ending: 'gap', closedUs: fromTsUs } },
    ])
    // What stood before the gap stands no more: one quote alone makes no relation.
    expect(interrupted.quote(...planted.breaks)).toEqual([])
    const closed = begun()
    const line = { kind: 'line', event: 'closed', openedSeq: 1, openedTsUs: closed.tsUs - 1000, cause: 'rotated' } as const
    expect(closed.take({ ...line, instrument: closed.numberOf(name), untilTsUs: closed.tsUs })).toMatchObject([
      { event: 'closed', episode: { ending: 'gap' } },
    ])
  })
})
