/** Tapes with many quotes of a few contracts, each a change that the gateway serves as one tick. */

import type { Contract } from '../../../market/contract.ts'
import type { Quote } from '../../../market/tick.ts'
import { CONTRACTS, quoteAt } from '../gateway/gateway-tape.ts'

/** `count` quotes of the contracts in turn, `stepUs` apart, each with a price and a size of its own. */
export function busyQuotes(count: number, stepUs: number, contracts: readonly Contract[] = CONTRACTS): Quote[] {
  return Array.from({ length: count }, (_, i) => {
    const round = Math.floor(i / contracts.length)
    const bid = 60 + (round % 1000) / 100
    return quoteAt(i * stepUs, i % contracts.length, [bid, 1 + round], [bid + 0.05, 2 + round])
  })
}
