import { describe, expect, it } from 'vitest'

import { expectedBestSharpe, probabilisticSharpe } from '../../../../backtester/metrics/deflated-sharpe.ts'
import { seeded } from '../../../support/random.ts'

describe('the deflated Sharpe ratio', () => {
  it('is that of the example of Bailey and Lopez de Prado: 100 trials, 1,250 days, 250 days a year', () => {
    const best = expectedBestSharpe(0.5 / 250, 100)
    expect(best).toBeCloseTo(0.1132, 4)
    const sample = { sharpe: 2.5 / Math.sqrt(250), skew: -3, excessKurtosis: 7, periods: 1250 }
    expect(probabilisticSharpe(sample, best)).toBeCloseTo(0.9004, 4)
    expect(expectedBestSharpe(0.5 / 250, 1)).toBe(0)
  })

  it.each([10, 100, 1000])('expects of %i trials what the best of as many normal draws is on average', (trials) => {
    const random = seeded(trials)
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    let sum = 0
    const rounds = 400
    for (let round = 0; round < rounds; round++) {
      let best = Number.NEGATIVE_INFINITY
      for (let i = 0; i < trials; i++) best = Math.max(best, normal())
      sum += best
    }
    expect(Math.abs(sum / rounds / expectedBestSharpe(1, trials) - 1)).toBeLessThan(0.05)
  })
})
