/** Holds what is said of a package of trades against the game over its payoffs (payoff-game.ts): contracts and carry in, the worst outcome out. */

import type { Contract } from '../../../market/contract.ts'
import { type CurvePoint, daysFrom, discountOn } from './money.ts'
import { type GameLeg, worstOutcome } from './payoff-game.ts'

/** What is known of the carry, as the records of a market say it. */
export interface KnownCarry {
  today: string
  /** None: the rate is taken for 0. */
  curve: readonly CurvePoint[]
  payments: readonly { exDate: string; amount: number }[]
  yield: number
  borrow: number
  /** The middle of the underlying. */
  spot: number
}

export interface CheckedTrade {
  contract: Contract
  side: 'buy' | 'sell'
  ratio: number
  price: number
}

/** Classes of index options that are exercised at their expiry alone, by the lists of their exchanges. */
const EUROPEAN = new Set(['SPX', 'SPXW', 'XSP', 'XEO', 'NDX', 'NDXP', 'RUT', 'RUTW', 'VIX', 'VIXW', 'DJX', 'MRUT', 'XND'])

/** What one package brings at the worst per share, in money of today, before fees. */
export function worstOf(trades: readonly CheckedTrade[], carry: KnownCarry, isCashSettled: boolean): number {
  const { today, curve, payments, yield: annual, borrow, spot } = carry
  return worstOutcome(
    trades.map((trade) => legOf(trade, today, isCashSettled)),
    {
      discount: discountOn(curve),
      turns: curve.map(({ days }) => days),
      payments: payments.map(({ exDate, amount }) => ({ day: daysFrom(today, exDate), amount })),
      yield: annual,
      borrow,
      spot,
    },
  )
}

function legOf({ contract, side, ratio, price }: CheckedTrade, today: string, isCashSettled: boolean): GameLeg {
  if (contract.kind !== 'option') return { side, ratio, price }
  const { right, strike, expiry, tradingClass } = contract
  const option = { right, strike, days: daysFrom(today, expiry), isAmerican: !EUROPEAN.has(tradingClass), isCashSettled }
  return { side, ratio, price, option }
}
