/** The rules, in the order in which they are applied. A new rule is one file beside this one and one line here. */

import { aboveUpperBound } from './above-upper-bound.ts'
import { belowIntrinsic } from './below-intrinsic.ts'
import { burstArrival } from './burst-arrival.ts'
import { butterflySpread } from './butterfly-spread.ts'
import { calendarSpread } from './calendar-spread.ts'
import { crossedQuote } from './crossed-quote.ts'
import { delayedData } from './delayed-data.ts'
import { duplicateMessage } from './duplicate-message.ts'
import { eventTime } from './event-time.ts'
import { greeksBounds } from './greeks-bounds.ts'
import { illegalPrice } from './illegal-price.ts'
import { lockedQuote } from './locked-quote.ts'
import { lotsSuspected } from './lots-suspected.ts'
import { modelUnderlying } from './model-underlying.ts'
import { negativeSize } from './negative-size.ts'
import { offGrid } from './off-grid.ts'
import { outsideHours } from './outside-hours.ts'
import { priceJump } from './price-jump.ts'
import { putCallParity } from './put-call-parity.ts'
import type { Rule } from './rule.ts'
import { sampledQuote } from './sampled-quote.ts'
import { stalledArrival } from './stalled-arrival.ts'
import { tradeOutsideQuote } from './trade-outside-quote.ts'
import { verticalSpread } from './vertical-spread.ts'
import { volumeDecrease } from './volume-decrease.ts'
import { wideSpread } from './wide-spread.ts'

export const RULES: readonly Rule[] = [
  illegalPrice,
  negativeSize,
  crossedQuote,
  lockedQuote,
  wideSpread,
  offGrid,
  priceJump,
  tradeOutsideQuote,
  eventTime,
  outsideHours,
  volumeDecrease,
  duplicateMessage,
  greeksBounds,
  delayedData,
  stalledArrival,
  burstArrival,
  lotsSuspected,
  belowIntrinsic,
  aboveUpperBound,
  verticalSpread,
  butterflySpread,
  calendarSpread,
  putCallParity,
  modelUnderlying,
  sampledQuote,
]
