import { isPricedOffSpot } from '../../option/bounds.ts'
import type { Chain, ChainSide, Leg } from '../../state/chain.ts'
import type { UnderlyingBook } from '../../state/underlying-book.ts'
import type { Quote } from '../../tick.ts'
import type { RuleContext } from '../rule.ts'
import { NEIGHBOURS } from './witness.ts'

export interface SpotSettings {
  tolerance: number
  spotPercent: number
  indexPercent: number
}

/** The underlying, when the option can be compared with its quote: priced off it, quoted on both sides, and as late as the option's. */
export function spotOf({ chain }: Leg, quote: Quote, { market }: RuleContext): UnderlyingBook | undefined {
  const { underlying } = chain
  const { bidPrice, askPrice, instrument } = underlying
  if (!(bidPrice > 0 && askPrice >= bidPrice) || instrument === undefined || !isPricedOffSpot(underlying)) return undefined
  return market.of(instrument)?.isDelayed === (quote.delayed === true) ? underlying : undefined
}

/** How far a bound against the underlying may be broken. */
export function spotTolerance({ isIndex, askPrice }: UnderlyingBook, { tolerance, spotPercent, indexPercent }: SpotSettings): number {
  return tolerance + (askPrice * (isIndex ? indexPercent : spotPercent)) / 100
}

/** What exercise brings now, trading the underlying at its quote. */
export function intrinsic(chain: Chain, side: ChainSide, at: number): number {
  const { bidPrice, askPrice } = chain.underlying
  const strike = chain.strikeAt(at)
  return side === chain.calls ? bidPrice - strike : strike - askPrice
}

/**
 * What the quotes near by say of the underlying: how many are in the money, keep to their exercise value, and would not if the underlying
 * were off by `breach`; or -1 when one of them breaks its own, so that the underlying itself is in doubt.
 */
export function spotWitnesses({ chain, side, index }: Leg, breach: number, allowed: number): number {
  let witnesses = 0
  for (const step of [-1, 1] as const) {
    let other = chain.quoted(side, index, step)
    for (let n = 0; n < NEIGHBOURS && other >= 0; n++, other = chain.quoted(side, other, step)) {
      if (side.doubted[other] === 1) continue
      const worth = intrinsic(chain, side, other)
      if (worth <= 0) continue
      if (worth - (side.askPrices[other] as number) > allowed) return -1
      if ((side.bidPrices[other] as number) > worth - breach / 2) witnesses++
    }
  }
  return witnesses
}
