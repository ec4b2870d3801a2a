/** One quote, corrupted as feeds, parsers and people do it; and what of it no market can have, found without the rules. */

import { type Contract, contractKey } from '../../../market/contract.ts'
import type { Quote } from '../../../market/tick.ts'

/** `shift`: the decimal point of one side or of both. `stale`: an older quote of the contract again. */
export const CORRUPTIONS = ['sign', 'shift', 'swap', 'stale', 'size'] as const
export type Corruption = (typeof CORRUPTIONS)[number]

const SHIFTS = [0.01, 0.1, 10, 100]

/** Undefined when this quote cannot be corrupted that way, or would be the same. */
export function corrupted(quote: Quote, how: Corruption, random: () => number, older: readonly Quote[]): Quote | undefined {
  const { bidPrice, askPrice, bidSize, askSize } = quote
  const ofBid = random() < 0.5
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]
  switch (how) {
    case 'sign':
      if (ofBid && bidPrice) return { ...quote, bidPrice: -bidPrice }
      return askPrice ? { ...quote, askPrice: -askPrice } : undefined
    case 'shift': {
      const factor = pick(SHIFTS) ?? 10
      const sides = pick(['bid', 'ask', 'both'])
      const bid = sides !== 'ask' && bidPrice ? shifted(bidPrice, factor) : bidPrice
      const ask = sides !== 'bid' && askPrice ? shifted(askPrice, factor) : askPrice
      return bid === bidPrice && ask === askPrice ? undefined : { ...quote, bidPrice: bid, askPrice: ask }
    }
    case 'swap':
      return bidPrice === askPrice ? undefined : { ...quote, bidPrice: askPrice, bidSize: askSize, askPrice: bidPrice, askSize: bidSize }
    case 'stale': {
      const before = pick(older)
      if (!before || (before.bidPrice === bidPrice && before.askPrice === askPrice)) return undefined
      return { ...quote, bidPrice: before.bidPrice, bidSize: before.bidSize, askPrice: before.askPrice, askSize: before.askSize }
    }
    case 'size':
      if (ofBid && bidSize) return { ...quote, bidSize: -bidSize }
      return askSize ? { ...quote, askSize: -askSize } : undefined
  }
}

/** Of the prices of most options, in dollars. */
const STEP = 0.05

/** Without the dust of doubles: prices have at most four decimals, and shifted ones six. */
const shifted = (price: number, factor: number) => Number((price * factor).toFixed(6))

/** The latest quotes of a market, for bounds that need more than one. */
export class Standing {
  readonly #quotes = new Map<string, Quote>()
  /** Options by symbol, class, expiry and right, by strike. */
  readonly #chains = new Map<string, { strike: number; key: string }[]>()

  take(contract: Contract, quote: Quote): void {
    const key = contractKey(contract)
    if (!this.#quotes.has(key) && contract.kind === 'option') {
      const chain = this.#chains.get(chainOf(contract)) ?? []
      this.#chains.set(chainOf(contract), [...chain, { strike: contract.strike, key }])
    }
    this.#quotes.set(key, quote)
  }

  /**
   * The first bound that the quote breaks, if it breaks one: of itself, against the underlying, or against the same expiry's other strikes.
   * Only what could be traded on counts: buying at the ask, selling at the bid, for more than the step of the prices of options.
   */
  brokenBound(contract: Contract, quote: Quote): string | undefined {
    const { bidPrice, askPrice, bidSize = 0, askSize = 0 } = quote
    if ((bidPrice ?? 0) < 0 || (askPrice !== undefined && askPrice <= 0)) return 'price'
    if (bidSize < 0 || askSize < 0) return 'size'
    if (bidPrice !== undefined && askPrice !== undefined && bidPrice > askPrice) return 'crossed'
    if (contract.kind !== 'option') return undefined
    return this.#brokenByStock(contract, quote) ?? this.#brokenByStrikes(contract, quote)
  }

  #brokenByStock({ symbol, currency, right, strike }: Extract<Contract, { kind: 'option' }>, quote: Quote): string | undefined {
    const stock = this.#quotes.get(contractKey({ kind: 'stock', symbol, currency }))
    const [stockBid, stockAsk] = [stock?.bidPrice ?? 0, stock?.askPrice ?? Number.POSITIVE_INFINITY]
    const { bidPrice = 0, askPrice = Number.POSITIVE_INFINITY } = quote
    if (bidPrice > (right === 'C' ? stockAsk : strike) + STEP) return 'upper bound'
    if (askPrice < (right === 'C' ? stockBid - strike : strike - stockAsk) - STEP) return 'intrinsic value'
    return undefined
  }

  /** Calls are worth less, puts more, the higher the strike; by no more than the difference of the strikes. */
  #brokenByStrikes(contract: Extract<Contract, { kind: 'option' }>, quote: Quote): string | undefined {
    const { bidPrice = 0, askPrice = Number.POSITIVE_INFINITY } = quote
    for (const { strike, key } of this.#chains.get(chainOf(contract)) ?? []) {
      const other = this.#quotes.get(key)
      if (!other || strike === contract.strike) continue
      const { bidPrice: otherBid = 0, askPrice: otherAsk = Number.POSITIVE_INFINITY } = other
      const width = Math.abs(strike - contract.strike)
      const isDearer = strike < contract.strike === (contract.right === 'C')
      // The other must be worth more, by at most the width; or this one must.
      const [more, less] = isDearer ? [bidPrice - otherAsk, otherBid - askPrice] : [otherBid - askPrice, bidPrice - otherAsk]
      if (more > STEP || less > width + STEP) return 'vertical spread'
    }
    return undefined
  }
}

function chainOf({ symbol, tradingClass, expiry, right }: Extract<Contract, { kind: 'option' }>): string {
  return `${symbol} ${tradingClass} ${expiry} ${right}`
}
