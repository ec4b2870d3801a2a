/** Gauss-Legendre quadrature on [-1, 1]: exact for polynomials of degree 2n - 1. */

export interface Quadrature {
  readonly points: Float64Array
  readonly weights: Float64Array
}

/** Points are the roots of the Legendre polynomial of degree n, by Newton's method (Abramowitz and Stegun, 25.4.29 and 22.16.6). */
export function gaussLegendre(n: number): Quadrature {
  const points = new Float64Array(n)
  const weights = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
    let slope = 0
    for (let step = 0; step < 100; step++) {
      let previous = 1
      let value = x
      for (let k = 2; k <= n; k++) [previous, value] = [value, ((2 * k - 1) * x * value - (k - 1) * previous) / k]
      slope = (n * (x * value - previous)) / (x * x - 1)
      const move = value / slope
      x -= move
      if (Math.abs(move) < 1e-16) break
    }
    points[i] = x
    weights[i] = 2 / ((1 - x * x) * slope * slope)
  }
  return { points, weights }
}
