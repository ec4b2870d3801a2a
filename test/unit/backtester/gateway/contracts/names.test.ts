import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { longNameOf, primaryExchangeOf, stockTypeOf } from '../../../../../backtester/gateway/contracts/names.ts'
import { venuesOf } from '../../../../../backtester/gateway/contracts/venues.ts'
import type { Contract } from '../../../../../market/contract.ts'
import { indexNamed } from '../../../../../market/indices.ts'
import { JUNE_70_CALL, TWX } from '../../../../support/gateway/gateway-tape.ts'

const SPX: Contract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
const SPY: Contract = { kind: 'stock', symbol: 'SPY', currency: 'USD' }
const UNKNOWN: Contract = { kind: 'stock', symbol: 'QQXZ', currency: 'USD' }

describe('names', () => {
  it('are known of widely traded underlyings, and their options bear them', () => {
    expect([TWX, JUNE_70_CALL, SPY, SPX].map(longNameOf)).toEqual([
      'TIME WARNER INC',
      'TIME WARNER INC',
      'SPDR S&P 500 ETF TRUST',
      'S&P 500 Stock Index',
    ])
    expect([TWX, JUNE_70_CALL, SPY, SPX].map(stockTypeOf)).toEqual(['COMMON', '', 'ETF', ''])
  })

  it('are the ticker where they are not known, also of an equal ticker elsewhere', () => {
    expect(longNameOf(UNKNOWN)).toBe('QQXZ')
    expect(longNameOf({ ...TWX, currency: 'EUR' })).toBe('TWX')
    expect(stockTypeOf(UNKNOWN)).toBe('')
  })

  it('do not move a stock that the tape has at another venue', () => {
    expect([TWX, SPY, { ...SPY, primaryVenue: 'AMEX' }, UNKNOWN].map(primaryExchangeOf)).toEqual(['NYSE', 'ARCA', 'AMEX', ''])
  })
})

describe('venues', () => {
  it('are listed once each, the routing first', () => {
    for (const venues of [venuesOf(TWX, 'NYSE', undefined), venuesOf(JUNE_70_CALL, '', TWX)]) {
      expect(venues[0]).toBe('SMART')
      expect(new Set(venues).size).toBe(venues.length)
    }
    expect(venuesOf(UNKNOWN, 'PINK', undefined)).toContain('PINK')
  })

  it('of what does not trade in dollars are not made up', () => {
    expect(venuesOf({ ...TWX, currency: 'EUR' }, 'IBIS', undefined)).toEqual(['SMART', 'IBIS'])
    expect(venuesOf({ ...JUNE_70_CALL, currency: 'EUR' }, '', { ...TWX, currency: 'EUR' })).toEqual(['SMART'])
  })

  it('of options on an index are those at which they trade, or all where that is not known', () => {
    const optionVenues = (symbol: string, venue: string, currency = 'USD') =>
      venuesOf({ ...JUNE_70_CALL, currency }, '', { kind: 'index', symbol, currency, venue })
    expect(optionVenues('RUT', 'RUSSELL')).toEqual(['SMART', 'CBOE'])
    const everywhere = [...venuesOf(JUNE_70_CALL, '', TWX), 'NASDAQ']
    expect(optionVenues('NDX', 'NASDAQ')).toEqual(everywhere)
    expect(everywhere).toContain('PHLX')
    expect(optionVenues('ODD', 'NASDAQ')).toEqual(everywhere)
    expect(optionVenues('ESTX50', 'EUREX', 'EUR')).toEqual(['SMART', 'EUREX'])
    const guide = readFileSync('docs/replay-gateway.md', 'utf8')
    const atCboe = /Options on (.+) are listed at CBOE/.exec(guide)?.[1]?.split(/, | and /) ?? []
    expect(atCboe).toHaveLength(8)
    for (const symbol of atCboe) expect(optionVenues(symbol, indexNamed(symbol, 'USD')?.venue ?? '')).toEqual(['SMART', 'CBOE'])
  })

  it('of an index are its own, and of its options that one and the routing', () => {
    expect(venuesOf(SPX, '', undefined)).toEqual(['CBOE'])
    expect(venuesOf(JUNE_70_CALL, '', SPX)).toEqual(['SMART', 'CBOE'])
  })
})
