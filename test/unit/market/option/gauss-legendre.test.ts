import { expect, it } from 'vitest'

import { gaussLegendre } from '../../../../market/option/gauss-legendre.ts'

it('integrates polynomials of degree 2n - 1 exactly', () => {
  const { points, weights } = gaussLegendre(5)
  const integral = (f: (x: number) => number) => points.reduce((sum, x, i) => sum + f(x) * (weights[i] ?? Number.NaN), 0)
  expect(integral(() => 1)).toBeCloseTo(2, 14)
  expect(integral((x) => x ** 8)).toBeCloseTo(2 / 9, 14)
  expect(integral((x) => x ** 9)).toBeCloseTo(0, 14)
  // Abramowitz and Stegun, table 25.4, n = 5.
  expect(Math.max(...points)).toBeCloseTo(0.906179845938664, 14)
})
