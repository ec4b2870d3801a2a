/**
 * The early-exercise boundary of an American put over all times to expiry: Andersen, Lake and Offengenden, "High-performance American option
 * pricing" (Journal of Computational Finance, 2016). The boundary B(t) solves an integral equation, as a fixed point: their system B,
 * which also converges where carry is large beside volatility, where their system A swings. Between Chebyshev nodes in sqrt(t) the
 * function ln(B/B(0+))^2, which is nearly straight, is interpolated.
 *
 * Scaled to a strike of 1. A call is a put with strike and spot, and rate and yield, exchanged (McDonald and Schroder, 1998).
 */

import { gaussLegendre } from './gauss-legendre.ts'
import { normalCumulative } from './normal.ts'

const NODES = 10
const ROUNDS = 12
const SETTLED = 1e-9
const INNER = gaussLegendre(20)
/** The nodes as shares of sqrt(years), from 1 down to 0. */
const SHARES = Float64Array.from({ length: NODES + 1 }, (_, i) => (1 + Math.cos((i * Math.PI) / NODES)) / 2)
/** For each node and each point of the inner integral, what each node contributes to the interpolated height there. */
const INNER_WEIGHTS = SHARES.slice(0, NODES).reduce<Float64Array[]>((all, share) => {
  for (const point of INNER.points) all.push(interpolationWeights(share * Math.sqrt(1 - ((1 + point) / 2) ** 2)))
  return all
}, [])

export class ExerciseBoundary {
  readonly #years: number
  readonly #rate: number
  readonly #dividendYield: number
  readonly #volatility: number
  /** B(0+), just before expiry. */
  readonly #start: number
  /** ln(B/B(0+))^2 at the nodes, from the longest time to none. */
  readonly #heights: Float64Array

  /** Needs `rate` > 0: at a rate of 0 or less no put is exercised early, unless the yield is lower still. */
  constructor(years: number, rate: number, dividendYield: number, volatility: number) {
    this.#years = years
    this.#rate = rate
    this.#dividendYield = dividendYield
    this.#volatility = volatility
    this.#start = dividendYield > rate ? rate / dividendYield : 1
    this.#heights = new Float64Array(NODES + 1)
    this.#solve()
  }

  /** The spot, per 1 of strike, at and below which the put is exercised, with so many years to go. */
  at(years: number): number {
    return this.#level(interpolationWeights(Math.min(1, Math.sqrt(years / this.#years))))
  }

  #level(weights: Float64Array): number {
    let height = 0
    for (let i = 0; i <= NODES; i++) height += (weights[i] as number) * (this.#heights[i] as number)
    return this.#start * Math.exp(-Math.sqrt(Math.max(0, height)))
  }

  #solve(): void {
    for (let i = 0; i < NODES; i++) {
      const years = this.#yearsOf(i)
      const logarithm = Math.log(firstGuess(years, this.#rate, this.#dividendYield, this.#volatility) / this.#start)
      this.#heights[i] = logarithm * logarithm
    }
    const next = new Float64Array(NODES + 1)
    for (let round = 0; round < ROUNDS; round++) {
      let moved = 0
      for (let i = 0; i < NODES; i++) {
        const logarithm = Math.min(0, Math.log(this.#fixedPoint(i) / this.#start))
        next[i] = logarithm * logarithm
        moved = Math.max(moved, Math.abs(Math.sqrt(next[i] as number) - Math.sqrt(this.#heights[i] as number)))
      }
      this.#heights.set(next)
      if (moved < SETTLED) return
    }
  }

  #yearsOf(node: number): number {
    return this.#years * (SHARES[node] as number) ** 2
  }

  /** The right-hand side of the equation at a node, integrated over z = sqrt(t - u), which evens out the steep end at u = t. */
  #fixedPoint(node: number): number {
    const years = this.#yearsOf(node)
    const [rate, dividendYield, volatility] = [this.#rate, this.#dividendYield, this.#volatility]
    const root = Math.sqrt(years)
    const level = this.#start * Math.exp(-Math.sqrt(this.#heights[node] as number))
    const deviation = volatility * root
    const dMinus = Math.log(level) / deviation + ((rate - dividendYield) * root) / volatility - deviation / 2
    let inCash = 0
    let inSpot = 0
    for (let i = 0; i < INNER.points.length; i++) {
      const z = (root * (1 + (INNER.points[i] as number))) / 2
      const u = years - z * z
      const weight = (INNER.weights[i] as number) * root * 0.5
      const lower =
        (Math.log(level / this.#level(INNER_WEIGHTS[node * INNER.points.length + i] as Float64Array)) +
          (rate - dividendYield - (volatility * volatility) / 2) * z * z) /
        (volatility * z)
      const upper = lower + volatility * z
      inCash += weight * Math.exp(rate * u) * 2 * z * normalCumulative(lower)
      inSpot += weight * Math.exp(dividendYield * u) * 2 * z * normalCumulative(upper)
    }
    const above = normalCumulative(dMinus) + rate * inCash
    const below = normalCumulative(dMinus + deviation) + dividendYield * inSpot
    return (Math.exp(-(rate - dividendYield) * years) * above) / below
  }
}

/** Between the boundary at expiry and that of an option that never expires (Merton, 1973), as Bjerksund and Stensland (1993) blend them. */
function firstGuess(years: number, rate: number, dividendYield: number, volatility: number): number {
  const start = dividendYield > rate ? rate / dividendYield : 1
  const variance = volatility * volatility
  const drift = (rate - dividendYield) / variance - 0.5
  const power = -drift - Math.sqrt(drift * drift + (2 * rate) / variance)
  const perpetual = power / (power - 1)
  const share = Math.exp(((rate - dividendYield) * years - 2 * volatility * Math.sqrt(years)) * (perpetual / (start - perpetual)))
  return Math.max(perpetual, Math.min(start, perpetual + (start - perpetual) * Math.min(1, share)))
}

/** What each node contributes at the share x of sqrt(years): barycentric interpolation (Berrut and Trefethen, 2004). */
function interpolationWeights(share: number): Float64Array {
  const weights = new Float64Array(NODES + 1)
  let sum = 0
  for (let i = 0; i <= NODES; i++) {
    const distance = share - (SHARES[i] as number)
    if (distance === 0) return weights.fill(0).fill(1, i, i + 1)
    const weight = ((i & 1) === 0 ? 1 : -1) * (i === 0 || i === NODES ? 0.5 : 1)
    weights[i] = weight / distance
    sum += weights[i] as number
  }
  for (let i = 0; i <= NODES; i++) weights[i] = (weights[i] as number) / sum
  return weights
}
