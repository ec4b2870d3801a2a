import { describe, expect, it } from 'vitest'
import { negativeValue } from '../../../../market/rules/negative-value.ts'
import { GREEKS, quoteOf, STATISTIC, tradeOf } from './ticks.ts'

const settings = { maxSpreadPercent: 50 }

describe('negative-value', () => {
  it.each([
    [quoteOf(-0.01, 1), 'bid price -0.01 is negative'],
    [quoteOf(-2, -1), 'bid price -2 is negative'],
    [quoteOf(1, -1), 'ask price -1 is negative'],
    [quoteOf(1, 2, -3), 'bid size -3 is negative'],
    [quoteOf(1, 2, 3, -4), 'ask size -4 is negative'],
    [tradeOf(-1, 100), 'trade price -1 is negative'],
    [tradeOf(1, -100), 'trade size -100 is negative'],
  ])('says of %o: %s', (tick, reason) => {
    expect(negativeValue.check(tick, settings)).toBe(reason)
  })

  it.each([
    ['a zero bid', quoteOf(0, 0.05, 0, 10)],
    ['an empty quote', quoteOf()],
    ['a trade of unknown size', tradeOf(1)],
    ['a trade at zero', tradeOf(0, 0)],
    ['greeks, which may be negative', GREEKS],
    ['a figure of the day, which may be negative', STATISTIC],
  ])('lets %s pass', (_, tick) => {
    expect(negativeValue.check(tick, settings)).toBeUndefined()
  })

  it('keeps what it finds out of the tick tables', () => {
    expect(negativeValue).toMatchObject({ name: 'negative-value', on: 'tick', severity: 'error', disposition: 'quarantine' })
  })
})
