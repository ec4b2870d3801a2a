/** The rules in force, in the order in which they are applied. A new rule is one file beside this one and one line here. */

import { crossedQuote } from './crossed-quote.ts'
import { negativeValue } from './negative-value.ts'
import type { Rule } from './rule.ts'
import { wideSpread } from './wide-spread.ts'

export const RULES: readonly Rule[] = [negativeValue, crossedQuote, wideSpread]
