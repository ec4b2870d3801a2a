/** One trade can be on a tape from several sources; use only one of them to count trades. */

import type { TradeSource } from './tick.ts'

/** Best first: every trade, or samples. */
const SOURCES: readonly TradeSource[] = ['tick-by-tick', 'import', 'rt-volume', 'last']

/** Returns the best source that an instrument has; undefined without any. */
export function bestSource(known: ReadonlySet<TradeSource> | undefined): TradeSource | undefined {
  return SOURCES.find((source) => known?.has(source))
}
