import type { StockSizes } from '../../../market/tick.ts'
import { stockSizeAdvice } from '../stock-size-advice.ts'
import type { EventContext } from './event.ts'

export interface StockSizesKnown {
  sizes: StockSizes
}

/** Logs in which unit the sizes of US stocks come, when that becomes known or changes. */
export function stockSizes({ log }: EventContext, { sizes }: StockSizesKnown): void {
  const advice = stockSizeAdvice(sizes)
  const what = { ...sizes.groups, ...(Object.keys(sizes.lots).length > 0 && { lots: sizes.lots }) }
  if (advice.length === 0) log.info(what, 'the unit of the sizes of US stocks is known')
  else log.warn({ ...what, advice }, 'sizes of US stocks come in lots, or not as gateway.stockSizes says')
}
