import { describe, expect, it } from 'vitest'

import type { Contract, Right } from '../../../../market/contract.ts'
import { leastProfit, type Payoff, payoffAtExpiry, profitAt } from '../../../../market/arbitrage/payoff.ts'

function option(right: Right, strike: number, expiry = '2014-07-19'): Contract {
  return { kind: 'option', symbol: 'TWX', currency: 'USD', expiry, strike, right, multiplier: 100, tradingClass: 'TWX' }
}
const STOCK: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }

const buy = (contract: Contract, price: number, ratio = 1) => ({ side: 'buy', ratio, price, contract }) as const
const sell = (contract: Contract, price: number, ratio = 1) => ({ side: 'sell', ratio, price, contract }) as const

describe('the payoff at expiry', () => {
  it('of a collar is straight between its strikes and flat outside', () => {
    const payoff = payoffAtExpiry([buy(STOCK, 100), buy(option('P', 95), 3), sell(option('C', 105), 9)]) as Payoff
    expect(payoff.points).toEqual([
      { spot: 0, profit: 1 },
      { spot: 95, profit: 1 },
      { spot: 105, profit: 11 },
    ])
    expect(payoff.slope).toBeCloseTo(0, 12)
    expect([0, 50, 95, 100, 105, 200].map((spot) => profitAt(payoff, spot))).toEqual([1, 1, 1, 6, 11, 11])
    expect(leastProfit(payoff)).toBe(1)
  })

  it('of a butterfly counts its ratios', () => {
    const payoff = payoffAtExpiry([buy(option('C', 80), 9), sell(option('C', 85), 6.5, 2), buy(option('C', 90), 3.5)]) as Payoff
    expect(payoff.points.map(({ profit }) => profit)).toEqual([0.5, 0.5, 5.5, 0.5])
    expect(profitAt(payoff, 87)).toBeCloseTo(3.5, 12)
    expect(profitAt(payoff, 1000)).toBeCloseTo(0.5, 9)
    expect(leastProfit(payoff)).toBeCloseTo(0.5, 12)
  })

  it('of a short call falls without end, and of a short put to its strike', () => {
    const call = payoffAtExpiry([sell(option('C', 100), 4)]) as Payoff
    expect(call.slope).toBe(-1)
    expect(leastProfit(call)).toBe(Number.NEGATIVE_INFINITY)
    expect(profitAt(call, 110)).toBe(-6)
    expect(leastProfit(payoffAtExpiry([sell(option('P', 100), 4)]) as Payoff)).toBe(-96)
  })

  it('is not known when the options expire on different days', () => {
    expect(payoffAtExpiry([sell(option('C', 100), 4), buy(option('C', 100, '2014-08-16'), 3)])).toBeUndefined()
  })
})
