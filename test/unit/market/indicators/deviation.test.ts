import fc from 'fast-check'
import { expect, it } from 'vitest'

import { Deviation } from '../../../../market/indicators/deviation.ts'

it('gives alone the score that it gives among its values', () => {
  const price = fc.oneof(fc.constantFrom(1, 2), fc.double({ min: 0.01, max: 1e4, noNaN: true }))
  fc.assert(
    fc.property(fc.array(price, { maxLength: 40 }), (prices) => {
      const [whole, alone] = [new Deviation(3), new Deviation(3)]
      for (const one of prices) expect(alone.nextScore(one)).toBe(whole.next(one)?.zScore)
    }),
  )
})
