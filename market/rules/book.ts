/** An instrument may have two books, of sampled and of tick-by-tick quotes, each complete by itself. */

import type { Quote } from '../tick.ts'
import type { RuleContext } from './rule.ts'

/** The place of the book that the quote is of in a rule's memory. */
export function bookOf(quote: Quote, { slot }: RuleContext): number {
  return quote.source === undefined ? slot * 2 : slot * 2 + 1
}
