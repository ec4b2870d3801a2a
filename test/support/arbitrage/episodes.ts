/** Episodes that are over: a plain one, and any. */

import fc from 'fast-check'

import type { Ending, Episode } from '../../../market/arbitrage/episode.ts'
import type { Assessment, Assumption, Leg } from '../../../market/arbitrage/opportunity.ts'
import type { Contract, OptionContract, Right } from '../../../market/contract.ts'
import { FIRST_TS_US } from '../tape/ticks.ts'

const EXPIRY = '2014-06-21'
const STOCK: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
const option = (strike: number, right: Right): Contract => {
  return { kind: 'option', symbol: 'TWX', currency: 'USD', expiry: EXPIRY, strike, right, multiplier: 100, tradingClass: 'TWX' }
}

/** A conversion of ten packages: 70 less 69.9 less fees. */
export function assessment(fields: Partial<Assessment> = {}): Assessment {
  return {
    detector: 'conversion',
    certainty: 'guaranteed',
    assumptions: [],
    legs: [
      { instrument: 0, side: 'buy', ratio: 1, price: 69.5, contract: STOCK, size: 1000, ageMs: 250, fee: 5 },
      { instrument: 1, side: 'buy', ratio: 1, price: 1.2, contract: option(70, 'P'), size: 20, ageMs: 3100.5, fee: 6.5 },
      { instrument: 2, side: 'sell', ratio: 1, price: 0.8, contract: option(70, 'C'), size: 10, ageMs: 0, fee: 6.5 },
    ],
    underlying: { symbol: 'TWX', currency: 'USD' },
    expiry: EXPIRY,
    lastExpiry: EXPIRY,
    multiplier: 100,
    size: 10,
    grossEdgePerShare: 0.1,
    edgePerShare: 0.082,
    edgePerContract: 8.2,
    profit: 82,
    fees: 18,
    capital: 6990,
    annualReturn: 0.0268,
    worstCase: 8.2,
    skewMs: 3100.5,
    carry: {
      days: 16,
      lastDays: 16,
      rate: 0.001,
      rateSource: 'settings',
      dividends: undefined,
      dividendSource: undefined,
      dividendYield: 0,
      borrow: undefined,
    },
    ...fields,
  }
}

export function episode(fields: Partial<Episode> = {}): Episode {
  const openedUs = FIRST_TS_US + 12_345
  const [opened, best] = [assessment({ profit: 41, size: 5 }), assessment()]
  return {
    id: '4711-17-1',
    sessionId: 4711,
    openedSeq: 17,
    openedUs,
    closedUs: openedUs + 1_250_000,
    ending: 'edge-gone',
    opened,
    best,
    bestUs: openedUs + 400_001,
    last: best,
    lastUs: openedUs + 400_001,
    quotes: 3,
    course: [
      { tsUs: openedUs, edgePerShare: 0.082, size: 5 },
      { tsUs: openedUs + 400_001, edgePerShare: 0.082, size: 10 },
    ],
    ...fields,
  }
}

const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map((value) => (value === 0 ? 0 : value))
const some = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined })
const date = fc.constantFrom(EXPIRY, '2016-02-29', '2099-12-31')
const contract: fc.Arbitrary<Contract> = fc.oneof(
  fc.constant(STOCK),
  fc.constant<Contract>({ kind: 'index', symbol: 'SPX', currency: 'USD', venue: '' }),
  fc
    .record({ strike: fc.double({ noNaN: true, min: 0.5, max: 1e5 }), right: fc.constantFrom<Right>('C', 'P'), expiry: date })
    .map(
      (fields): OptionContract => ({ kind: 'option', symbol: 'SPX', currency: 'USD', multiplier: 100, tradingClass: 'SPXW', ...fields }),
    ),
)
const leg: fc.Arbitrary<Leg> = fc.record({
  instrument: fc.nat(5),
  side: fc.constantFrom('buy', 'sell'),
  ratio: fc.integer({ min: 1, max: 9 }),
  price: number,
  contract,
  size: number,
  ageMs: number,
  fee: number,
})
const anyFigures = fc.record({
  certainty: fc.constantFrom('guaranteed' as const, 'expected' as const),
  assumptions: fc.uniqueArray(fc.constantFrom<Assumption>('no-early-exercise', 'borrow-stays', 'rate-unknown')),
  legs: fc.array(leg, { minLength: 1, maxLength: 4 }),
  size: fc.integer({ min: 1, max: 1e6 }),
  grossEdgePerShare: number,
  edgePerShare: number,
  edgePerContract: number,
  profit: number,
  fees: number,
  capital: number,
  annualReturn: number,
  worstCase: number,
  impliedRate: some(number),
  skewMs: number,
  carry: fc.record({
    days: fc.nat(1000),
    lastDays: fc.nat(1000),
    rate: some(number),
    rateSource: some(fc.constantFrom('settings', 'é "x"\0')),
    dividends: some(number),
    dividendSource: some(fc.constant('corporate-actions')),
    dividendYield: number,
    borrow: some(number),
  }),
})
/** What is the same at its opening and at its best. */
const constant = fc.record({
  detector: fc.constantFrom('conversion', 'jelly-roll'),
  underlying: fc.record({ symbol: fc.constantFrom('SPX', "O'X"), currency: fc.constant('USD') }),
  expiry: date,
  lastExpiry: date,
  multiplier: fc.constantFrom(1, 10, 100),
})
const moment = fc.nat(9e12)
const ending = fc.constantFrom<Ending>('edge-gone', 'gap', 'session-ended')
const point = fc.record({ tsUs: moment, edgePerShare: number, size: fc.nat(1e6) })

/** Over, with legs in the contracts' own currency; its numbers are not those of a real one. */
export const anyEpisode: fc.Arbitrary<Episode> = fc
  .tuple(
    constant,
    anyFigures,
    anyFigures,
    fc.nat(2 ** 40),
    fc.nat(9),
    fc.tuple(moment, moment, moment),
    ending,
    fc.array(point, { maxLength: 5 }),
  )
  .map(([same, opened, best, openedSeq, n, [openedUs, bestUs, closedUs], ending, course]) => ({
    id: `7239411712147456999-${openedSeq}-${n}`,
    sessionId: 7_239_411_712_147_456,
    openedSeq,
    openedUs,
    bestUs,
    closedUs,
    ending,
    opened: { ...same, ...opened },
    best: { ...same, ...best },
    last: { ...same, ...best },
    lastUs: bestUs,
    quotes: openedSeq + 1,
    course,
  }))
