/** On-balance volume: volume added on a higher close, taken off on a lower one; 0 at the first bar. */

import type { Bar } from '../bar.ts'
import type { Indicator } from './indicator.ts'

export class Obv implements Indicator<Pick<Bar, 'close' | 'volume'>> {
  #close: number | undefined
  #volume = 0

  next({ close, volume }: Pick<Bar, 'close' | 'volume'>): number {
    if (this.#close !== undefined) this.#volume += Math.sign(close - this.#close) * volume
    this.#close = close
    return this.#volume
  }
}
