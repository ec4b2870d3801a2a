import { describe, expect, it } from 'vitest'
import { negativeSize } from '../../../../market/rules/negative-size.ts'
import { findingOf, quoteOf, tradeOf } from '../../../support/rules.ts'

describe('negative-size', () => {
  it.each([
    [quoteOf(1, 2, -3), 'bid size -3 is negative'],
    [quoteOf(1, 2, 3, -4), 'ask size -4 is negative'],
    [tradeOf(1, -100), 'trade size -100 is negative'],
  ])('says of %o: %s', (tick, reason) => {
    expect(findingOf(negativeSize, tick)).toMatchObject({ severity: 'error', disposition: 'quarantine', reason })
  })

  it.each([
    ['sides without a size', quoteOf(1, 2, 0, 0)],
    ['a trade of unknown size', tradeOf(1)],
    ['a trade of nothing', tradeOf(1, 0)],
  ])('lets %s pass', (_, tick) => {
    expect(findingOf(negativeSize, tick)).toBeUndefined()
  })
})
