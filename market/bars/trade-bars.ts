/**
 * Bars of trades. Every trade counts in volume, average price and number; open, high, low and close are those of trades that set a price
 * (market/trade-conditions.ts says which). Where no trade of an interval sets one, as before and behind regular hours, they are those of its
 * trades all the same: what was traded would be lost otherwise. Trades that a rule quarantined, or that their source marks as suspicious, are not
 * to be given; and of several sources of one instrument only one is, as each reports the same trades.
 */

import { type Bar, BarBuilder } from '../bar.ts'
import type { Trade } from '../tick.ts'
import type { Zone } from '../time.ts'
import { setsPrice } from '../trade-conditions.ts'

export class TradeBars {
  readonly #priced: BarBuilder
  readonly #all: BarBuilder

  constructor(seconds: number, zone: Zone) {
    this.#priced = new BarBuilder(seconds, zone)
    this.#all = new BarBuilder(seconds, zone)
  }

  /** Takes the next trade. */
  add(trade: Pick<Trade, 'tsUs' | 'price' | 'size' | 'source' | 'conditions' | 'marks'>): void {
    const { tsUs, price, size = 0 } = trade
    this.#all.addTrade(tsUs, price, size)
    if (setsPrice(trade)) this.#priced.addTrade(tsUs, price, size)
    else this.#priced.addVolume(tsUs, price, size)
  }

  /** All bars so far, the last one perhaps unfinished. */
  bars(): Bar[] {
    const priced = new Map(this.#priced.bars.map((bar) => [bar.startUs, bar]))
    return this.#all.bars.map((bar) => priced.get(bar.startUs) ?? bar)
  }
}
