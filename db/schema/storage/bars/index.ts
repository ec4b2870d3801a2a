/** All aggregates of ticks, each behind those that it is made of, and how often they are computed anew. */

import type { Aggregate, RefreshPolicy } from '../objects.ts'
import { DAY_VOLUMES_1M, GREEKS_1M } from './minute-figures.ts'
import { QUOTE_BARS } from './quote-bars.ts'
import { BARS_DAY_PARTS, TRADE_BARS } from './trade-bars.ts'

export const BAR_AGGREGATES: readonly Aggregate[] = [...TRADE_BARS, BARS_DAY_PARTS, ...QUOTE_BARS, GREEKS_1M, DAY_VOLUMES_1M]

/** A bucket that is being filled is computed when it is asked for; it is stored when it is over. */
const END_OFFSETS: Readonly<Record<string, string>> = {
  '1 minute': '2 minutes',
  '5 minutes': '10 minutes',
  '1 hour': '2 hours',
  '1 day': '2 days',
}
const EVERY: Readonly<Record<string, string>> = {
  '1 minute': '5 minutes',
  '5 minutes': '15 minutes',
  '1 hour': '1 hour',
  '1 day': '6 hours',
}

/**
 * Only the last days: a policy that reaches behind what retention has dropped would delete the bars of that time. Ticks that come later than that
 * are for `refreshTouched` and `tapedeck db maintain`.
 */
export const BAR_REFRESH_POLICIES: readonly RefreshPolicy[] = BAR_AGGREGATES.map(({ name, bucket }) => ({
  kind: 'refresh-policy',
  on: name,
  startOffset: '7 days',
  endOffset: END_OFFSETS[bucket] ?? bucket,
  every: EVERY[bucket] ?? bucket,
}))
