import { expect, it } from 'vitest'

import { possibleLots, roundLot } from '../../../../market/stock-sizes/round-lot.ts'

it('a round lot is 100, 40, 10 or 1 shares, by the price', () => {
  expect([0.5, 250, 250.01, 1000, 1000.01, 10_000, 10_000.01, 700_000].map(roundLot)).toEqual([100, 100, 40, 40, 10, 10, 1, 1])
})

it('a stock near the border of a tier may have the lot of either, as its price may have moved since lots were assigned', () => {
  expect(possibleLots(100)).toEqual([100])
  expect(possibleLots(200)).toEqual([100, 40])
  expect(possibleLots(400)).toEqual([100, 40])
  expect(possibleLots(3000)).toEqual([10])
})
