import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  type Activity,
  chooseOptions,
  countReasons,
  expiryReason,
  isAdjusted,
  type OptionFilters,
} from '../../../../collector/universe/filters.ts'
import type { OptionContract, StockContract } from '../../../../market/contract.ts'
import { nameOf, option } from './options.ts'

const ROOT: StockContract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
const TODAY = '2014-06-05'
const ALL: OptionFilters = { strikes: 'all', expiryDays: 60 }
/** 13 June is a weekly one, 21 June and 19 July are monthly. */
const CHAIN = ['2014-06-05', '2014-06-13', '2014-06-21', '2014-07-19'].flatMap((expiry) =>
  [65, 70, 75].flatMap((strike) => (['C', 'P'] as const).map((right) => option(strike, right, expiry))),
)

function choose(filters: Partial<OptionFilters>, chain: readonly OptionContract[] = CHAIN, activity: Record<string, Activity> = {}) {
  const activityOf = (one: OptionContract) => activity[nameOf(one)]
  const { wanted, leftOut } = chooseOptions(chain, { ...ALL, ...filters }, { root: ROOT, today: TODAY, referencePrice: 70, activityOf })
  return {
    wanted: wanted.map(nameOf),
    reasons: countReasons(leftOut),
    expiries: [...new Set(wanted.map(({ expiry }) => expiry))].toSorted(),
  }
}

describe('filters of a chain', () => {
  it('leave everything in that is not filtered, nearest the money first', () => {
    const { wanted, reasons } = choose({})
    expect(wanted).toHaveLength(CHAIN.length)
    expect(wanted.slice(0, 2)).toEqual(['TWX 06-05 70 C', 'TWX 06-05 70 P'])
    expect(reasons).toEqual({})
  })

  it.each<[string, Partial<OptionFilters>, string[], object]>([
    ['days from and to', { minExpiryDays: 5, expiryDays: 20 }, ['2014-06-13', '2014-06-21'], { 'expiry-days': 12 }],
    ['those that expire today', { expiries: ['0dte'] }, ['2014-06-05'], { 'expiry-kind': 18 }],
    ['weeklies', { expiries: ['weeklies'] }, ['2014-06-05', '2014-06-13'], { 'expiry-kind': 12 }],
    ['monthlies', { expiries: ['monthlies'] }, ['2014-06-21', '2014-07-19'], { 'expiry-kind': 12 }],
    ['several kinds', { expiries: ['0dte', 'monthlies'] }, ['2014-06-05', '2014-06-21', '2014-07-19'], { 'expiry-kind': 6 }],
    ['a date, however far ahead', { expiryDays: 1, expiries: ['2014-07-19'] }, ['2014-07-19'], { 'expiry-days': 12, 'expiry-kind': 6 }],
  ])('choose expiries by %s', (_, filters, expiries, reasons) => {
    const found = choose(filters)
    expect(found.expiries).toEqual(expiries)
    expect(found.reasons).toEqual(reasons)
  })

  it('choose strikes by percent, by absolute bounds, or by both, and bounds need no price', () => {
    expect(choose({ strikes: { rangePercent: 5 } }).reasons).toEqual({ 'strike-range': 16 })
    expect(choose({ strikes: { from: 70, to: 75 } }).reasons).toEqual({ 'strike-range': 8 })
    expect(choose({ strikes: { rangePercent: 10, to: 70 } }).reasons).toEqual({ 'strike-range': 8 })
    const { wanted } = chooseOptions(CHAIN, { ...ALL, strikes: { from: 75 } }, { root: ROOT, today: TODAY, referencePrice: undefined })
    expect(new Set(wanted.map(({ strike }) => strike))).toEqual(new Set([75]))
  })

  it('choose calls or puts', () => {
    expect(choose({ rights: 'puts' }).wanted.every((name) => name.endsWith('P'))).toBe(true)
    expect(choose({ rights: 'calls' }).reasons).toEqual({ right: 12 })
  })

  it('choose classes, and leave out adjusted ones unless they are named or wanted', () => {
    const chain = [
      option(70),
      option(70, 'C', '2014-06-21', 'TWX1'),
      { ...option(72.5), multiplier: 150 },
      option(75, 'C', '2014-06-21', 'TWXW'),
    ]
    expect(choose({}, chain)).toMatchObject({ wanted: ['TWX 06-21 70 C', 'TWXW 06-21 75 C'], reasons: { adjusted: 2 } })
    expect(choose({ adjusted: 'include', excludeTradingClasses: ['TWXW'] }, chain)).toMatchObject({ reasons: { 'trading-class': 1 } })
    expect(choose({ tradingClasses: ['TWX1'] }, chain)).toMatchObject({ wanted: ['TWX1 06-21 70 C'], reasons: { 'trading-class': 3 } })
  })

  it('leave out what was recorded with too little open interest or volume, and nothing that never was', () => {
    const chain = [option(65), option(70), option(75), option(80)]
    const activity = {
      'TWX 06-21 65 C': { openInterest: 9, volume: 100 },
      'TWX 06-21 70 C': { openInterest: 10, volume: 4 },
      'TWX 06-21 75 C': { openInterest: 10 },
    }
    expect(choose({ minOpenInterest: 10, minVolume: 5 }, chain, activity)).toMatchObject({
      wanted: ['TWX 06-21 75 C', 'TWX 06-21 80 C'],
      reasons: { 'open-interest': 1, volume: 1 },
    })
  })

  it('retire what has expired', () => {
    expect(choose({}, [option(70, 'C', '2014-06-04'), option(70, 'C', TODAY)])).toMatchObject({
      wanted: ['TWX 06-05 70 C'],
      reasons: { expired: 1 },
    })
  })

  it('give every contract one place, wanted or left out for one reason', () => {
    const filters = fc.record({
      minExpiryDays: fc.constantFrom(0, 1, 10),
      expiries: fc.constantFrom('all' as const, ['0dte'], ['weeklies', '2014-07-19']),
      rights: fc.constantFrom('both' as const, 'calls' as const),
      strikes: fc.constantFrom('all' as const, { rangePercent: 5 }, { from: 70 }),
    })
    fc.assert(
      fc.property(filters, (some) => {
        const { wanted, leftOut } = chooseOptions(CHAIN, { ...ALL, ...some }, { root: ROOT, today: TODAY, referencePrice: 70 })
        expect([...wanted, ...leftOut.map(({ contract }) => contract)].map(nameOf).toSorted()).toEqual(CHAIN.map(nameOf).toSorted())
      }),
    )
  })
})

describe('an expiry of a list', () => {
  const reason = (expiry: string, filters: Partial<OptionFilters> = {}, tradingClass = 'TWX', multiplier = 100) =>
    expiryReason({ expiry, tradingClass, multiplier }, { ...ALL, ...filters }, { root: ROOT, today: TODAY })

  it('is not asked for when none of its contracts can be wanted', () => {
    expect(reason('2014-08-04')).toBeUndefined()
    expect(reason('2014-08-05')).toBe('expiry-days')
    expect(reason('2014-06-13', { expiries: ['monthlies'] })).toBe('expiry-kind')
    expect(reason('2014-06-21', {}, 'TWX1')).toBe('adjusted')
    expect(reason('2014-06-21', {}, 'TWX', 10)).toBe('adjusted')
    expect(reason('2014-06-21', { tradingClasses: ['TWX1'] })).toBe('trading-class')
  })

  it('is asked for under its last day of trading, the day before it expires', () => {
    expect(reason('2014-06-20', { expiries: ['monthlies'] })).toBeUndefined()
    expect(reason('2014-07-18', { expiries: ['2014-07-19'] })).toBeUndefined()
  })
})

it.each([
  ['AAPL', 'AAPL', 100, false],
  ['AAPL', 'AAPL1', 100, true],
  ['AAPL', '2AAPL', 100, true],
  ['AAPL', 'AAPL', 28, true],
  ['BRK B', 'BRKB', 100, false],
  ['BRK B', 'BRKB2', 100, true],
])('of %s the class %s of %i is known for adjusted or not', (symbol, tradingClass, multiplier, adjusted) => {
  expect(isAdjusted({ tradingClass, multiplier }, { ...ROOT, symbol })).toBe(adjusted)
})

it('an option on an index is never taken for adjusted', () => {
  const root = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' } as const
  expect(isAdjusted({ tradingClass: 'SPX1', multiplier: 10 }, root)).toBe(false)
})
