/** All aggregates of ticks, each behind those that it is made of, and how often they are computed anew. */

import { secondsOf } from '../interval.ts'
import type { Aggregate, Job, RefreshPolicy } from '../objects.ts'
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
const LOOK_BACK = '7 days'

/** Microseconds. Ticks that are older than this when they come may be too old for the next run of a policy. */
export const POLICIES_REACH_US = (secondsOf(LOOK_BACK) - secondsOf('1 day')) * 1_000_000

export const BAR_REFRESH_POLICIES: readonly RefreshPolicy[] = BAR_AGGREGATES.map(({ name, bucket }) => ({
  kind: 'refresh-policy',
  on: name,
  startOffset: LOOK_BACK,
  endOffset: END_OFFSETS[bucket] ?? bucket,
  every: EVERY[bucket] ?? bucket,
}))

/** Adds the sessions of a day to those that are stored, once no policy computes that day again. */
export const STORED_DAYS: Job = { kind: 'job', on: BARS_DAY_PARTS.name, procedure: 'store_finished_days', every: '1 day' }
