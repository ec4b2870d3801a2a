/** Tapes with many quotes of a few contracts, each a change that the gateway serves as one tick. */

import type { Contract } from '../../../market/contract.ts'
import type { Quote } from '../../../market/tick.ts'
import { CONTRACTS, quoteAt } from '../gateway/gateway-tape.ts'

const LOT = 100

/** Which quote of its contract it is, from 0 on. */
export function roundOf({ bidSize = Number.NaN }: Pick<Quote, 'bidSize'>): number {
  return bidSize / LOT - 1
}

/** `count` quotes of the contracts in turn, `stepUs` apart, each with a price and a size of its own, whole hundreds as of stocks in shares. */
export function busyQuotes(count: number, stepUs: number, contracts: readonly Contract[] = CONTRACTS): Quote[] {
  return Array.from({ length: count }, (_, i) => {
    const round = Math.floor(i / contracts.length)
    const bid = 60 + (round % 1000) / 100
    return quoteAt(i * stepUs, i % contracts.length, [bid, LOT * (1 + round)], [bid + 0.05, LOT * (2 + round)])
  })
}
