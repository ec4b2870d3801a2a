/** Donchian channel: highest high and lowest low of the `period` bars before this one. */

import type { Indicator, Prices } from './indicator.ts'
import type { ChannelValue } from './keltner.ts'
import { Window } from './window.ts'

export class Donchian implements Indicator<Prices, ChannelValue> {
  readonly #highs: Window
  readonly #lows: Window

  constructor(period = 20) {
    this.#highs = new Window(period)
    this.#lows = new Window(period)
  }

  next({ high, low }: Prices): ChannelValue | undefined {
    const channel = this.#highs.full ? this.#channel() : undefined
    this.#highs.push(high)
    this.#lows.push(low)
    return channel
  }

  #channel(): ChannelValue {
    const upper = this.#highs.max()
    const lower = this.#lows.min()
    return { upper, middle: (upper + lower) / 2, lower }
  }
}
