/** The rules, in the order in which they are applied. A new rule is one file beside this one and one line here. */

import { aboveUpperBound } from './above-upper-bound.ts'
import { belowIntrinsic } from './below-intrinsic.ts'
import { butterflySpread } from './butterfly-spread.ts'
import { calendarSpread } from './calendar-spread.ts'
import { crossedQuote } from './crossed-quote.ts'
import { illegalPrice } from './illegal-price.ts'
import { modelUnderlying } from './model-underlying.ts'
import { negativeSize } from './negative-size.ts'
import { putCallParity } from './put-call-parity.ts'
import type { Rule } from './rule.ts'
import { sampledQuote } from './sampled-quote.ts'
import { verticalSpread } from './vertical-spread.ts'
import { wideSpread } from './wide-spread.ts'

export const RULES: readonly Rule[] = [
  illegalPrice,
  negativeSize,
  crossedQuote,
  wideSpread,
  belowIntrinsic,
  aboveUpperBound,
  verticalSpread,
  butterflySpread,
  calendarSpread,
  putCallParity,
  modelUnderlying,
  sampledQuote,
]
