import { describe, expect, it } from 'vitest'

import { formatOpportunity } from '../../../cli/arb-explain.ts'
import type { Leg } from '../../../market/arbitrage/opportunity.ts'
import { assessment, episode } from '../../support/arbitrage/episodes.ts'

const explained = (fields: Parameters<typeof assessment>[0] = {}) =>
  formatOpportunity({ ...episode({ best: assessment(fields) }), settings: {} })
const linesOf = (text: string) => text.split('\n')
/** What the picture says at its top and at its bottom. */
const heights = (text: string) => [...text.matchAll(/^ *(-?[\d.]+) [|+][-*: ]*\*/gm)].map(([, label]) => Number(label))

const carry = { ...assessment().carry, rate: 0.03, dividends: 0.4, borrow: 0.02 }
const growth = Math.exp((0.03 * 16) / 365)
const [stock, put, call] = assessment().legs as [Leg, Leg, Leg]

describe('an explained opportunity', () => {
  it('fits into 80 columns', () => {
    for (const text of [explained(), explained({ assumptions: ['forward-rate', 'rate-unknown', 'borrow-unknown', 'dividends-unknown'] })])
      expect(linesOf(text).filter((line) => line.length > 80)).toEqual([])
  })

  it('leads from prices to profit', () => {
    const text = explained()
    expect(text).toMatch(/^worth at the worst +70\.0000 +7,000\.00 +70,000\.00$/m)
    expect(text).toMatch(/^cost +-69\.9000 +-6,990\.00 +-69,900\.00$/m)
    expect(text).toMatch(/^edge before fees +0\.1000 +10\.00 +100\.00$/m)
    expect(text).toMatch(/^fees +-0\.0180 +-1\.80 +-18\.00$/m)
    expect(text).toMatch(/^edge +0\.0820 +8\.20 +82\.00$/m)
    expect(explained({ certainty: 'expected' })).toMatch(/^worth as expected +70\.0000/m)
  })

  it('shows what a package pays at expiry, cost and fees with interest', () => {
    const paid = (70 - (69.9 + 0.018) * growth) * 100
    expect(heights(explained({ carry }))).toEqual([Number(paid.toFixed(2))])
  })

  it('counts dividends and borrow fee against shares that are owed', () => {
    const legs: Leg[] = [
      { ...stock, side: 'sell' },
      { ...put, side: 'sell' },
      { ...call, side: 'buy' },
    ]
    const owed = 0.4 + 69.5 * (Math.exp((0.02 * 16) / 365) - 1)
    const paid = ((69.9 - owed - 0.018) * growth - 70) * 100
    expect(heights(explained({ legs, carry }))).toEqual([Number(paid.toFixed(2))])
  })

  it('says that no picture can be drawn when options expire on different days', () => {
    const later: Leg = { ...call, contract: { ...call.contract, expiry: '2014-07-19' } as Leg['contract'] }
    expect(explained({ legs: [stock, put, later] })).toContain('Its options expire on different days')
  })

  it('names what was asked for at each gate, as far as it is known', () => {
    const settings = { minProfit: 25, maxCapital: 'Infinity', minAnnualReturn: 0.02, onlyGuaranteed: true, days: { from: 1, to: 90 } }
    // Some gates are not asked of what is open: at its best it may be beyond their limits.
    const text = formatOpportunity({ ...episode({ best: assessment({ capital: 120_000, profit: 900 }) }), settings })
    expect(text).toMatch(/^below-threshold +41\.00, 2\.7 % a year +from 25\.00, 2\.0 %$/m)
    expect(text).toMatch(/^cost +capital 6,990\.00 +no limit$/m)
    expect(text).toMatch(/^days +16 +1 to 90$/m)
    expect(text).toMatch(/^not-guaranteed +guaranteed +guaranteed$/m)
    expect(text).toMatch(/^flagged-leg +no finding that is not accepted$/m)
    expect(explained()).toMatch(/^days +16$/m)
  })
})
