/**
 * The price around which strikes are chosen: the last trade, else the previous close, else the mid of a tight quote. A wide mid
 * (before the opening, a stub quote) says nothing and is never used.
 */

import { filter, firstValueFrom, map, type Observable, race, take, timer } from 'rxjs'

import type { Tick } from '../../market/tick.ts'

/** Spread, as a fraction of the mid, up to which a mid is believed. */
const TIGHT_SPREAD = 0.01

/** Rank of a price source; lower is better. */
function priceOf(tick: Tick): { price: number; rank: number } | undefined {
  if (tick.kind === 'trade' && tick.price > 0) return { price: tick.price, rank: 0 }
  if (tick.kind === 'statistic' && tick.name === 'previous-close' && tick.value !== undefined && tick.value > 0)
    return { price: tick.value, rank: 1 }
  if (tick.kind === 'quote' && tick.bidPrice !== undefined && tick.askPrice !== undefined && tick.bidPrice > 0) {
    const mid = (tick.bidPrice + tick.askPrice) / 2
    const spread = tick.askPrice - tick.bidPrice
    if (spread >= 0 && spread <= TIGHT_SPREAD * mid) return { price: mid, rank: 2 }
  }
  return undefined
}

/** The best price seen within `waitMs`; a last trade ends the wait at once. Undefined when there was none. */
export async function referencePrice(ticks: Observable<Tick>, waitMs: number): Promise<number | undefined> {
  let best: { price: number; rank: number } | undefined
  const trade = ticks.pipe(
    map((tick) => {
      const found = priceOf(tick)
      if (found && (!best || found.rank <= best.rank)) best = found
      return found
    }),
    filter((found) => found?.rank === 0),
    take(1),
  )
  // The ticks end when the recording stops; no price is needed then.
  await firstValueFrom(race(trade, timer(waitMs)), { defaultValue: undefined })
  return best?.price
}
