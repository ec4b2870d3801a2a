/**
 * American options. The price is that of the European one and what early exercise adds: an integral along the exercise boundary (Kim, 1990;
 * Andersen, Lake and Offengenden, 2016). Dividends on known days, and the rare rates at which there are two boundaries, go over a
 * tree (binomial.ts).
 */

import { binomialPrice } from './binomial.ts'
import { certainPrice } from './certain-price.ts'
import type { Dividend } from './dividends.ts'
import { ExerciseBoundary } from './exercise-boundary.ts'
import { gaussLegendre } from './gauss-legendre.ts'
import { normalCumulative } from './normal.ts'
import { type OptionTerms, optionPrice } from './pricing.ts'

const OUTER = gaussLegendre(32)
/** Carry over one deviation, above which the integrands are steps and no polynomials: volatility so small that the forward is nearly certain. */
const STEEP = 4
/** What is gained by exercise over the whole life, as a share of the strike, below which it is not worth a thought. */
const NOTHING = 1e-9

/**
 * Price per unit of the underlying, never below what exercise brings now.
 *
 * @param dividends what one unit pays before expiry, by years from now, besides `terms.dividendYield`.
 */
export function americanPrice(terms: OptionTerms, volatility: number, dividends: readonly Dividend[] = []): number {
  const { right, spot, strike, years, rate, dividendYield } = terms
  const exercise = Math.max(0, right === 'C' ? spot - strike : strike - spot)
  if (!(years > 0)) return exercise
  const root = Math.sqrt(years)
  if (!(volatility * root > 1e-8)) return Math.max(exercise, certainPrice(terms, dividends))
  const paysBefore = dividends.some((dividend) => dividend.years > 0 && dividend.years <= years)
  if (paysBefore) return Math.max(exercise, binomialPrice(terms, volatility, dividends))
  // Holding a put costs the interest on the strike, holding a call the dividends.
  const [gain, loss] = right === 'P' ? [rate, dividendYield] : [dividendYield, rate]
  if (gain * years < NOTHING)
    return Math.max(exercise, loss >= gain - NOTHING ? optionPrice(terms, volatility) : binomialPrice(terms, volatility, dividends))
  if ((Math.max(gain, Math.abs(loss)) * root) / volatility > STEEP) return Math.max(exercise, binomialPrice(terms, volatility, dividends))
  const premium =
    right === 'P'
      ? putPremium(spot, strike, years, rate, dividendYield, volatility)
      : putPremium(strike, spot, years, dividendYield, rate, volatility)
  return premium === undefined ? exercise : Math.max(exercise, optionPrice(terms, volatility) + premium)
}

/**
 * The spot from which on the option is better exercised than kept: at or above it for a call, at or below it for a put. Undefined when early
 * exercise never pays. A continuous yield only; a dividend on a known day makes a call's exercise a matter of the day before
 * (`callExercise` in early-exercise.ts).
 */
export function exerciseBoundary({ right, strike, years, rate, dividendYield }: OptionTerms, volatility: number): number | undefined {
  const [gain, loss] = right === 'P' ? [rate, dividendYield] : [dividendYield, rate]
  if (!(years > 0) || !(gain > 0) || !(volatility > 0)) return undefined
  const level = new ExerciseBoundary(years, gain, loss, volatility).at(years)
  return right === 'P' ? strike * level : strike / level
}

/** What early exercise adds to a put. Undefined at and below the boundary, where it is exercised now. */
function putPremium(
  spot: number,
  strike: number,
  years: number,
  rate: number,
  dividendYield: number,
  volatility: number,
): number | undefined {
  const boundary = new ExerciseBoundary(years, rate, dividendYield, volatility)
  if (spot <= strike * boundary.at(years)) return undefined
  const root = Math.sqrt(years)
  let premium = 0
  for (let i = 0; i < OUTER.points.length; i++) {
    const z = (root * (1 + (OUTER.points[i] as number))) / 2
    const past = z * z
    const level = strike * boundary.at(years - past)
    const d1 = (Math.log(spot / level) + (rate - dividendYield) * past) / (volatility * z) + (volatility * z) / 2
    const d2 = d1 - volatility * z
    const gain = rate * strike * Math.exp(-rate * past) * normalCumulative(-d2)
    const loss = dividendYield * spot * Math.exp(-dividendYield * past) * normalCumulative(-d1)
    premium += (OUTER.weights[i] as number) * root * z * (gain - loss)
  }
  return premium
}
