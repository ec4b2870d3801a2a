/** The market's clock in a replay: shows the time of the tick that is being handed out, and never the machine's. */

import type { MarketClock } from '../../market/time.ts'

export interface ReplayClock extends MarketClock {
  set(tsUs: number): void
}

export function createReplayClock(): ReplayClock {
  let nowUs = Number.NaN
  return {
    nowUs: () => nowUs,
    set(tsUs) {
      nowUs = tsUs
    },
  }
}
