import { describe, expect, it } from 'vitest'
import type { Contract } from '../../../../market/contract.ts'
import { illegalPrice } from '../../../../market/rules/illegal-price.ts'
import { findingOf, OPTION, quoteOf, STOCK, tradeOf } from '../../../support/rules.ts'

const FUTURE: Contract = {
  kind: 'future',
  symbol: 'CL',
  currency: 'USD',
  expiry: '2020-04-21',
  multiplier: 1000,
  tradingClass: 'CL',
  venue: 'NYMEX',
}

const BREADTH: Contract = { kind: 'index', symbol: 'TICK-NYSE', currency: 'USD', venue: 'NYSE' }

describe('illegal-price', () => {
  it.each([
    [quoteOf(-0.01, 1), 'bid price -0.01 is negative'],
    [quoteOf(-2, -1), 'bid price -2 is negative'],
    [quoteOf(1, -1), 'ask price -1 is not above zero'],
    [quoteOf(undefined, 0), 'ask price 0 is not above zero'],
    [tradeOf(-1, 100), 'trade price -1 is not above zero'],
    [tradeOf(0, 100), 'trade price 0 is not above zero'],
  ])('says of %o: %s', (tick, reason) => {
    for (const contract of [STOCK, OPTION])
      expect(findingOf(illegalPrice, tick, {}, contract)).toMatchObject({ severity: 'error', disposition: 'quarantine', reason })
  })

  it.each([
    ['a zero bid', quoteOf(0, 0.05)],
    ['an empty quote', quoteOf()],
    ['a trade', tradeOf(0.01)],
    ['greeks, which may be negative', { kind: 'greeks', instrument: 0, basis: 'model', delta: -0.4, theta: -0.02 } as const],
    ['a figure of the day, which may be negative', { kind: 'statistic', instrument: 0, name: 'index-future-premium', value: -3 } as const],
  ])('lets %s pass', (_, tick) => {
    expect(findingOf(illegalPrice, tick, {}, OPTION)).toBeUndefined()
  })

  it('says nothing of a future, which may be worth less than nothing', () => {
    expect(findingOf(illegalPrice, quoteOf(-37.7, -37.6), {}, FUTURE)).toBeUndefined()
    expect(findingOf(illegalPrice, tradeOf(-37.63, 1), {}, FUTURE)).toBeUndefined()
  })

  it('says nothing of an index, which may be below zero by right', () => {
    expect(findingOf(illegalPrice, tradeOf(-120, 1), {}, BREADTH)).toBeUndefined()
  })
})
