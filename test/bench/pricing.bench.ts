/**
 * The pricing kit on one core, in CPU time, beside the packages of npm on the same options: prices, implied volatilities, greeks of European
 * options, and prices of American ones. With the prices goes how far the package is off ours, which is the error of the package:
 * ours is checked against published values (docs/pricing.md).
 */

import blackScholes from 'black-scholes'
import greeks from 'greeks'
import impliedVolatilityPackage from 'implied-volatility'

import { americanImpliedVolatility } from '../../market/option/american-implied-volatility.ts'
import { americanPrice } from '../../market/option/american.ts'
import { binomialPrice } from '../../market/option/binomial.ts'
import { impliedVolatility } from '../../market/option/implied-volatility.ts'
import { type OptionTerms, optionPrice, optionValue } from '../../market/option/pricing.ts'
import { juZhong } from '../../market/option/quick-american.ts'
import { seeded } from '../support/random.ts'
import { measure } from './harness.ts'

const OPTIONS = 20_000
const LEAST_CPU_SECONDS = 0.3

interface Case {
  terms: OptionTerms
  callPut: string
  volatility: number
  price: number
}

const random = seeded(7)
const cases = Array.from({ length: OPTIONS }, (_, i): Case => {
  const right = i % 2 === 0 ? 'C' : 'P'
  const terms: OptionTerms = {
    right,
    spot: 100,
    strike: 70 + 60 * random(),
    years: 0.02 + 1.5 * random(),
    rate: 0.03,
    // The packages know no dividends.
    dividendYield: 0,
  }
  const volatility = 0.1 + 0.6 * random()
  return { terms, callPut: right === 'C' ? 'call' : 'put', volatility, price: optionPrice(terms, volatility) }
})

/** Calls per second of CPU, over and over the first `count` cases; `sum` keeps the work from being left out. */
function perSecond(count: number, work: (of: Case) => number): number {
  let [calls, sum] = [0, 0]
  const before = process.cpuUsage()
  for (;;) {
    for (let i = 0; i < count; i++) sum += work(cases[i] as Case)
    calls += count
    const { user, system } = process.cpuUsage(before)
    if (Number.isNaN(sum)) throw new Error('A price of the bench is no number.')
    if (user + system >= LEAST_CPU_SECONDS * 1e6) return calls / ((user + system) / 1e6)
  }
}

const furthest = (count: number, ours: (of: Case) => number, theirs: (of: Case) => number) =>
  Math.max(...cases.slice(0, count).map((of) => Math.abs(ours(of) - theirs(of))))

const packagePrice = ({ terms, volatility, callPut }: Case) =>
  blackScholes.blackScholes(terms.spot, terms.strike, terms.years, volatility, terms.rate, callPut)
const packageVolatility = ({ terms, price, callPut }: Case) =>
  impliedVolatilityPackage.getImpliedVolatility(price, terms.spot, terms.strike, terms.years, terms.rate, callPut)
const ourVolatility = ({ terms, price }: Case) => {
  const solved = impliedVolatility(terms, price)
  return typeof solved === 'number' ? solved : 0
}
const volatilityOf = ({ volatility }: Case) => volatility
const whereVegaIsNotTiny = (solve: (of: Case) => number) => (of: Case) =>
  optionValue(of.terms, of.volatility).vega > 0.01 ? solve(of) : of.volatility

measure({
  title: 'European prices',
  unit: 'prices/s of CPU',
  limit: 'the package black-scholes',
  round: async () => ({
    ours: perSecond(OPTIONS, ({ terms, volatility }) => optionPrice(terms, volatility)),
    limit: perSecond(500, packagePrice),
    more: { 'the package is off by at most, in 1e-6': 1e6 * furthest(500, ({ price }) => price, packagePrice) },
  }),
})

measure({
  title: 'European implied volatilities',
  unit: 'volatilities/s of CPU',
  limit: 'the package implied-volatility',
  round: async () => ({
    ours: perSecond(OPTIONS, ourVolatility),
    limit: perSecond(50, packageVolatility),
    more: {
      'ours is off by at most where vega is over 0.01, in 1e-12': 1e12 * furthest(OPTIONS, whereVegaIsNotTiny(ourVolatility), volatilityOf),
      'the package is off by at most, in 1e-6': 1e6 * furthest(50, whereVegaIsNotTiny(packageVolatility), volatilityOf),
    },
  }),
})

measure({
  title: 'Greeks: ten figures of ours, five of theirs',
  unit: 'options/s of CPU',
  limit: 'the package greeks',
  round: async () => ({
    ours: perSecond(OPTIONS, ({ terms, volatility }) => {
      const { delta, gamma, vega, theta, rho, vanna, volga, charm } = optionValue(terms, volatility)
      return delta + gamma + vega + theta + rho + vanna + volga + charm
    }),
    limit: perSecond(500, ({ terms, volatility, callPut }) => {
      const { spot, strike, years, rate } = terms
      let sum = 0
      for (const greek of [greeks.getDelta, greeks.getGamma, greeks.getVega, greeks.getTheta, greeks.getRho])
        sum += greek(spot, strike, years, volatility, rate, callPut)
      return sum
    }),
  }),
})

measure({
  title: 'American prices, which no package has: exact beside the approximation of Ju and Zhong',
  unit: 'prices/s of CPU',
  limit: 'the approximation',
  round: async () => ({
    ours: perSecond(200, ({ terms, volatility }) => americanPrice({ ...terms, right: 'P' }, volatility)),
    limit: perSecond(OPTIONS, ({ terms, volatility }) => juZhong({ ...terms, right: 'P' }, volatility)),
    more: {
      'trees/s, for dividends on known days': perSecond(50, ({ terms, volatility }) => binomialPrice(terms, volatility)),
      'implied volatilities/s': perSecond(50, ({ terms, volatility }) => {
        const put: OptionTerms = { ...terms, right: 'P' }
        const solved = americanImpliedVolatility(put, juZhong(put, volatility))
        return typeof solved === 'number' ? solved : 0
      }),
    },
  }),
})
