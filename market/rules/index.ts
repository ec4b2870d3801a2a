/** The rules, in the order in which they are applied. A new rule is one file beside this one and one line here. */

import { burstArrival } from './burst-arrival.ts'
import { crossedQuote } from './crossed-quote.ts'
import { delayedData } from './delayed-data.ts'
import { duplicateMessage } from './duplicate-message.ts'
import { eventTime } from './event-time.ts'
import { greeksBounds } from './greeks-bounds.ts'
import { illegalPrice } from './illegal-price.ts'
import { lockedQuote } from './locked-quote.ts'
import { negativeSize } from './negative-size.ts'
import { offGrid } from './off-grid.ts'
import { outsideHours } from './outside-hours.ts'
import { priceJump } from './price-jump.ts'
import type { Rule } from './rule.ts'
import { stalledArrival } from './stalled-arrival.ts'
import { tradeOutsideQuote } from './trade-outside-quote.ts'
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
]
