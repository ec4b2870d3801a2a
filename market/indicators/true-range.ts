/** True range: of the bar's high and low and the close before. The first bar has none, since nothing closed before it. */

import type { Indicator, Prices } from './indicator.ts'

export class TrueRange implements Indicator<Prices> {
  #close: number | undefined

  next({ high, low, close }: Prices): number | undefined {
    const before = this.#close
    this.#close = close
    return before === undefined ? undefined : Math.max(high - low, Math.abs(high - before), Math.abs(low - before))
  }
}
