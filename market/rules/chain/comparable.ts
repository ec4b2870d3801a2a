import { isMarked, Mark } from '../../marks.ts'
import type { Leg } from '../../state/chain.ts'
import type { Quote } from '../../tick.ts'
import type { RuleContext } from '../rule.ts'

/** Quotes from before the open, of yesterday, or of behind a stall, are not of the same moment as those they would be compared with. */
const OTHER_MOMENT = Mark.preOpen | Mark.frozen | Mark.late

/**
 * The place of an option in its chain, when its quote can be compared with the others there: sampled, of now, and right in itself, as a
 * crossed or negative one has rules of its own.
 */
export function comparableLeg(quote: Quote, context: RuleContext): Leg | undefined {
  if (context.contract?.kind !== 'option' || quote.source !== undefined || isMarked(quote, OTHER_MOMENT)) return undefined
  const { bidPrice, askPrice } = quote
  if (bidPrice !== undefined && !(bidPrice >= 0)) return undefined
  if (askPrice !== undefined && !(askPrice > 0 && !(bidPrice !== undefined && bidPrice > askPrice))) return undefined
  return context.chains.legOf(quote.instrument)
}
