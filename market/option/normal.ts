/** The standard normal distribution. */

const INVERSE_SQRT_2PI = 0.3989422804014327

export function normalDensity(x: number): number {
  return INVERSE_SQRT_2PI * Math.exp(-0.5 * x * x)
}

/**
 * P(X <= x), to about 1e-15 absolute; the far tail keeps its relative precision down to the smallest doubles.
 * Rational approximation of J. F. Hart (Computer Approximations, 1968, algorithm 5666) with a continued fraction beyond 7.07,
 * as put together by G. West, "Better approximations to cumulative normal functions" (Wilmott, 2005).
 */
export function normalCumulative(x: number): number {
  const z = Math.abs(x)
  const tail = z > 38 ? 0 : z < 7.07106781186547 ? hart(z) : continuedFraction(z)
  return x > 0 ? 1 - tail : tail
}

function hart(z: number): number {
  const numerator =
    (((((0.0352624965998911 * z + 0.700383064443688) * z + 6.37396220353165) * z + 33.912866078383) * z + 112.079291497871) * z +
      221.213596169931) *
      z +
    220.206867912376
  const denominator =
    ((((((0.0883883476483184 * z + 1.75566716318264) * z + 16.064177579207) * z + 86.7807322029461) * z + 296.564248779674) * z +
      637.333633378831) *
      z +
      793.826512519948) *
      z +
    440.413735824752
  return (Math.exp(-0.5 * z * z) * numerator) / denominator
}

function continuedFraction(z: number): number {
  return normalDensity(z) / (z + 1 / (z + 2 / (z + 3 / (z + 4 / (z + 0.65)))))
}
