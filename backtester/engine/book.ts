/**
 * What can be traded against in one instrument at this moment: the standing quote less what the run itself has taken of it. What was taken
 * stays taken until that side shows another price or size.
 */

import type { Quote } from '../../market/tick.ts'
import type { Side } from './orders.ts'

/** One side of the quote. */
interface Shown {
  /** Undefined: the side is empty. */
  price: number | undefined
  /** Undefined: the source gave no size. */
  size: number | undefined
  taken: number
}

export class Book {
  readonly #bid: Shown = { price: undefined, size: undefined, taken: 0 }
  readonly #ask: Shown = { price: undefined, size: undefined, taken: 0 }

  /** Of the latest quote. */
  tsUs = Number.NEGATIVE_INFINITY

  take({ bidPrice, bidSize, askPrice, askSize }: Pick<Quote, 'bidPrice' | 'bidSize' | 'askPrice' | 'askSize'>): void {
    show(this.#bid, bidPrice, bidSize)
    show(this.#ask, askPrice, askSize)
  }

  /** Nothing stands any more: data went missing, or prices mean something else. */
  forget(): void {
    show(this.#bid, undefined, undefined)
    show(this.#ask, undefined, undefined)
  }

  /** The price at which a side can be traded at once: a buyer takes the ask. */
  touch(side: Side): number | undefined {
    return this.#against(side).price
  }

  /** Units that are left there. Infinite where no size is known. */
  available(side: Side): number {
    const { price, size, taken } = this.#against(side)
    if (price === undefined) return 0
    return size === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Math.floor(size) - taken)
  }

  consume(side: Side, quantity: number): void {
    this.#against(side).taken += quantity
  }

  /** Undefined while a side is empty. */
  get mid(): number | undefined {
    const { price: bid } = this.#bid
    const { price: ask } = this.#ask
    return bid === undefined || ask === undefined ? undefined : (bid + ask) / 2
  }

  #against(side: Side): Shown {
    return side === 'buy' ? this.#ask : this.#bid
  }
}

function show(side: Shown, price: number | undefined, size: number | undefined): void {
  if (side.price === price && side.size === size) return
  side.price = price
  side.size = size
  side.taken = 0
}
