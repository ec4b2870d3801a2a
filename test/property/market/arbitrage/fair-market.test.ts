/** The market that detectors are held against: its lattice prices as textbooks do, and its quotes contradict each other at no moment. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { americanPrice } from '../../../../market/option/american.ts'
import { optionPrice } from '../../../../market/option/pricing.ts'
import { FairMarket } from '../../../support/arbitrage/fair-market.ts'
import { Lattice, type LatticeOption, type Process } from '../../../support/arbitrage/lattice.ts'
import { drawMarket, type MarketMoment } from '../../../support/arbitrage/market-draft.ts'
import { dayAfter, daysFrom, discountOn, optionCommission, stockCommission } from '../../../support/arbitrage/money.ts'
import { seeded } from '../../../support/random.ts'

const CLOSE_OF_DAY = 0.3

const flat = (volatility: number, rate: number, overrides: Partial<Process> = {}): Process => ({
  spot: 100,
  discount: discountOn([{ days: 365, rate }]),
  holding: 0,
  payments: [],
  volatility: () => volatility,
  mostVolatility: volatility,
  settlements: [{ day: 180, hour: 'close' }],
  steps: 180,
  ...overrides,
})

const option = (right: 'C' | 'P', strike: number, isAmerican: boolean, day = 180): LatticeOption => {
  return { right, strike, settlement: { day, hour: 'close' }, isAmerican }
}

describe('The lattice', () => {
  it.each(['C', 'P'] as const)(
    'prices European and American options with one volatility as the program does, which it shares no code with: %s',
    (right) => {
      const years = (180 + CLOSE_OF_DAY) / 365
      for (const rate of [0, 0.05])
        for (const strike of [80, 100, 125]) {
          // The program discounts over the same years as it diffuses, the lattice over whole days.
          const lattice = new Lattice(flat(0.3, (rate * years * 365) / 180))
          const terms = { right, spot: 100, strike, years, rate, dividendYield: 0 }
          expect(lattice.value(option(right, strike, false))).toBeCloseTo(optionPrice(terms, 0.3), 1)
          expect(lattice.value(option(right, strike, true))).toBeCloseTo(americanPrice(terms, 0.3), 1)
        }
    },
  )

  it('lets a call be exercised the evening before a payment, and not after it', () => {
    const paying = (day: number) => new Lattice(flat(0.05, 0.05, { payments: [{ day, amount: 10 }] }))
    // With next to no volatility a call of 50 is worth what it brings that evening: the stock is worth 100 until then, less 50 discounted.
    expect(paying(90).value(option('C', 50, true))).toBeCloseTo(100 - 50 * Math.exp((-0.05 * 89) / 365), 3)
    expect(paying(90).value(option('C', 50, false))).toBeCloseTo(
      100 - 10 * Math.exp((-0.05 * 90) / 365) - 50 * Math.exp((-0.05 * 180) / 365),
      6,
    )
    expect(paying(0).value(option('C', 50, true))).toBeCloseTo(100 - 50 * Math.exp((-0.05 * 180) / 365), 6)
  })

  it('refuses payments that are worth more than the stock, and a settlement that it has no step for', () => {
    expect(() => new Lattice(flat(0.3, 0, { payments: [{ day: 9, amount: 101 }] }))).toThrow('expected payments below the spot')
    expect(() => new Lattice(flat(0.3, 0)).value(option('C', 100, true, 181))).toThrow('expected one of the settlements')
  })
})

/** Prices without a spread, at the first moment of a random market of one kind. */
function drawn(seed: number, kinds: readonly string[]) {
  for (let i = seed * 1000; ; i++) {
    const market = new FairMarket(i)
    if (!kinds.includes(market.draft.name.split(' ')[0] as string)) continue
    const chains = new Map<string, { strike: number; C?: number; P?: number }[]>()
    for (const [at, { contract }] of market.draft.options.entries()) {
      const key = `${contract.tradingClass} ${contract.multiplier} ${contract.expiry}`
      const chain = chains.get(key) ?? []
      chains.set(key, chain)
      const strike = chain.find((one) => one.strike === contract.strike) ?? { strike: contract.strike }
      if (!chain.includes(strike)) chain.push(strike)
      strike[contract.right] = market.valueOf(at)
    }
    return { market, chains: [...chains].map(([key, chain]) => ({ key, chain: chain.toSorted((a, b) => a.strike - b.strike) })) }
  }
}

const seeds = fc.integer({ min: 1, max: 100_000 })
const RUNS = { numRuns: 60 }
const OFF = 1e-8

function carryUntil(moment: MarketMoment, expiry: string) {
  const discount = discountOn(moment.curve)
  const days = daysFrom(moment.today, expiry)
  const due = moment.payments.filter(({ exDate }) => exDate > moment.today && exDate <= expiry)
  const growth = (day: number) => Math.exp((-(moment.yield + moment.impliedBorrow) * day) / 365) / discount(day)
  const paid = due.reduce((sum, { exDate, amount }) => sum + amount / growth(daysFrom(moment.today, exDate)), 0)
  return { discount: discount(days), forward: growth(days) * (moment.spot - paid) }
}

describe('A fair market', () => {
  it('keeps parity between European options of one strike to the last digit', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { market, chains } = drawn(seed, ['european', 'index'])
        for (const { key, chain } of chains) {
          const { discount, forward } = carryUntil(market.moment, key.split(' ')[2] as string)
          for (const { strike, C, P } of chain) {
            if (C !== undefined && P !== undefined) expect(C - P).toBeCloseTo(discount * (forward - strike), 7)
          }
        }
      }),
      RUNS,
    )
  })

  it('has options that are convex in the strike, fall or rise by no more than it, and are worth at least what exercise brings', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { market, chains } = drawn(seed, ['stock'])
        const { spot } = market.moment
        for (const { key, chain } of chains.filter(({ key }) => key.startsWith('ABC '))) {
          // Where rates are negative for a while, what is paid on a day between is worth more than it is.
          const days = daysFrom(market.moment.today, key.split(' ')[2] as string)
          const most = Math.max(...Array.from({ length: days + 1 }, (_, day) => discountOn(market.moment.curve)(day)))
          for (const right of ['C', 'P'] as const) {
            const all = chain.flatMap((one) => (one[right] === undefined ? [] : [{ strike: one.strike, value: one[right] }]))
            const sign = right === 'C' ? 1 : -1
            for (const { strike, value } of all) expect(value).toBeGreaterThanOrEqual(Math.max(0, sign * (spot - strike)) - OFF)
            for (const [i, one] of all.entries()) {
              const [next, last] = [all[i + 1], all[i + 2]]
              if (!next) continue
              const fall = sign * (one.value - next.value)
              expect(fall).toBeGreaterThanOrEqual(-OFF)
              expect(fall).toBeLessThanOrEqual(most * (next.strike - one.strike) + OFF)
              if (!last) continue
              const share = (last.strike - next.strike) / (last.strike - one.strike)
              expect(next.value).toBeLessThanOrEqual(share * one.value + (1 - share) * last.value + OFF)
            }
          }
        }
      }),
      RUNS,
    )
  })

  it('has American options that are worth no less the later they expire', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { market } = drawn(seed, ['stock'])
        const same = new Map<string, { expiry: string; value: number }[]>()
        for (const [i, { contract }] of market.draft.options.entries()) {
          const key = `${contract.tradingClass} ${contract.multiplier} ${contract.right} ${contract.strike}`
          same.set(key, [...(same.get(key) ?? []), { expiry: contract.expiry, value: market.valueOf(i) }])
        }
        for (const options of same.values())
          for (const [i, { expiry, value }] of options.entries()) {
            const later = options[i + 1]
            if (later) expect(later.value, `${expiry} and ${later.expiry}`).toBeGreaterThanOrEqual(value - OFF)
          }
      }),
      RUNS,
    )
  })

  it('has at every record a process that all standing quotes agree with, also while it moves', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const market = new FairMarket(seed)
        const numbers = new Map(market.draft.options.map((_, i) => [market.numberOf(i), i]))
        const standing = new Map<number, { bid: number; ask: number }>()
        let [records, days, lastUs] = [0, new Set<string>(), 0]
        for (const record of market.records(3)) {
          records++
          expect(record.tsUs).toBeGreaterThan(lastUs)
          lastUs = record.tsUs
          days.add(market.moment.today)
          if (record.kind === 'quote') standing.set(record.instrument, { bid: record.bidPrice ?? 0, ask: record.askPrice ?? Number.NaN })
          for (const [number, { bid, ask }] of standing) {
            const option = numbers.get(number)
            const value = option === undefined ? market.moment.spot : market.valueOf(option)
            if (Number.isNaN(value)) standing.delete(number)
            else if (!(bid <= value && value <= ask)) throw new Error(`${bid} to ${ask} does not hold ${value} at record ${record.seq}`)
          }
        }
        expect(records).toBeGreaterThan(50)
        expect(days.size).toBeGreaterThan(0)
      }),
      { numRuns: 40 },
    )
  })

  it('is the same for the same seed, and comes in every kind', () => {
    expect([...new FairMarket(5).records(1)]).toEqual([...new FairMarket(5).records(1)])
    expect([...new FairMarket(5).records(1)]).not.toEqual([...new FairMarket(6).records(1)])
    const kinds = new Set(Array.from({ length: 100 }, (_, seed) => drawMarket(seeded(seed)).name.split(' ')[0]))
    expect(kinds).toEqual(new Set(['american-index', 'european', 'index', 'stock', 'vix']))
  })
})

describe('What money costs', () => {
  it('comes with the curve: constant forward rates between two points, constant rates outside', () => {
    const discount = discountOn([
      { days: 100, rate: 0.02 },
      { days: 300, rate: 0.04 },
    ])
    expect(discount(0)).toBe(1)
    expect(-Math.log(discount(50)) * 365).toBeCloseTo(0.02 * 50, 12)
    expect(-Math.log(discount(200)) * 365).toBeCloseTo((0.02 * 100 + 0.04 * 300) / 2, 12)
    expect(-Math.log(discount(600)) * 365).toBeCloseTo(0.04 * 600, 12)
    expect(discountOn([])(100)).toBe(1)
    expect(dayAfter('2024-02-28', 2)).toBe('2024-03-01')
  })

  it('is charged for orders as the published examples say', () => {
    const orders = [
      [1, 2],
      [2, 5],
      [3, 0.075],
      [5, 0.03],
    ] as const
    expect(orders.map(([contracts, premium]) => optionCommission(contracts, premium))).toEqual([1, 1.3, 1.5, 1.25])
    expect([stockCommission(100, 70), stockCommission(1000, 70), stockCommission(100, 0.25)]).toEqual([1, 5, 0.25])
  })
})
