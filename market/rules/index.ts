/** The rules, in the order in which they are applied. A new rule is one file beside this one and one line here. */

import { crossedQuote } from './crossed-quote.ts'
import { illegalPrice } from './illegal-price.ts'
import { lotsSuspected } from './lots-suspected.ts'
import { negativeSize } from './negative-size.ts'
import type { Rule } from './rule.ts'
import { wideSpread } from './wide-spread.ts'

export const RULES: readonly Rule[] = [illegalPrice, negativeSize, crossedQuote, wideSpread, lotsSuspected]
