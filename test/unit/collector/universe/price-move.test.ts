import { describe, expect, it } from 'vitest'

import { type MoveState, priceMove } from '../../../../collector/universe/price-move.ts'

const AT: MoveState = {
  price: 100,
  center: 100,
  strikes: { rangePercent: 20 },
  listed: [60, 100, 140],
  searchedAgoMs: Number.POSITIVE_INFINITY,
}
const HALF_AN_HOUR = 1_800_000

describe('priceMove', () => {
  it('leaves strikes alone until the price has moved by half of their range', () => {
    const moves = [90, 90.1, 110, 110.1, 89.9].map((price) => priceMove({ ...AT, price }))
    expect(moves).toEqual(['none', 'none', 'none', 'recentre', 'recentre'])
    // Around the new price it needs as much of a move again.
    expect(priceMove({ ...AT, price: 100, center: 110.1 })).toBe('none')
  })

  it('has the chain searched when the price has left all strikes, and not again within half an hour', () => {
    expect([59.9, 140.1].map((price) => priceMove({ ...AT, price, strikes: 'all' }))).toEqual(['search', 'search'])
    expect([60, 140].map((price) => priceMove({ ...AT, price, strikes: 'all' }))).toEqual(['none', 'none'])
    const beyond = { ...AT, price: 150, strikes: 'all' } as const
    expect(priceMove({ ...beyond, searchedAgoMs: HALF_AN_HOUR - 1 })).toBe('none')
    expect(priceMove({ ...beyond, searchedAgoMs: HALF_AN_HOUR })).toBe('search')
    expect(priceMove({ ...AT, price: 150, searchedAgoMs: 0 })).toBe('recentre')
  })

  it('has nothing to follow without a range around the price, without a price it was chosen around, and without options', () => {
    expect(priceMove({ ...AT, price: 130, strikes: { from: 60, to: 140 } })).toBe('none')
    expect(priceMove({ ...AT, price: 130, center: undefined })).toBe('none')
    expect(priceMove({ ...AT, price: 500, strikes: 'all', listed: [] })).toBe('none')
  })
})
