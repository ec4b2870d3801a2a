import { describe, expect, it } from 'vitest'

import type { TradeSource } from '../../../market/tick.ts'
import { setsPrice } from '../../../market/trade-conditions.ts'

const isPrice = (conditions: string | undefined, source: TradeSource = 'tick-by-tick') => setsPrice({ source, conditions })

describe('a trade sets a price', () => {
  it.each([undefined, '', ' ', '   T', ' F T', ' O X', '@FT', 'B', 'K', 'L', '5', '6'])('with conditions %j', (conditions) => {
    expect(isPrice(conditions)).toBe(true)
  })

  it.each(['1', '2000', '40', '80', '4800', '1000'])('when it was imported with the flags %s', (flags) => {
    expect(isPrice(flags, 'import')).toBe(true)
  })
})

describe('a trade is volume alone', () => {
  it.each(['C', 'H', 'I', 'M', 'N', 'P', 'Q', 'R', 'U', 'V', 'W', '4', '7', '9'])(
    'with the condition %s, alone and among others',
    (letter) => {
      expect([isPrice(letter), isPrice(` F T${letter}`)]).toEqual([false, false])
    },
  )

  it.each([
    '20',
    '20000020',
    '20002020',
    '2',
    '4',
    '8',
    '200',
    '20100200',
    '40000',
    '102000',
    '400000',
    '1000000',
    '2000000',
    '4000000',
    '80000000',
  ])('when it was imported with the flags %s', (flags) => {
    expect(isPrice(flags, 'import')).toBe(false)
  })

  it('when its flags were served and recorded again', () => {
    expect([isPrice('20000020'), isPrice('2000')]).toEqual([false, true])
  })
})
