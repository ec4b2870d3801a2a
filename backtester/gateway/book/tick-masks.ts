/**
 * The attribute bits of tick-by-tick data and historical ticks, out of what the tape says of a tick. Everything that is served tick by tick
 * gets its bits here and nowhere else.
 */

import { isMarked, Mark } from '../../../market/marks.ts'
import type { Quote, Trade } from '../../../market/tick.ts'

/** Sales of less than a round lot, which the tape of the exchanges does not count as last sale. */
const ODD_LOT = 'I'
const PAST_LIMIT = 1
const UNREPORTED = 2
const BID_PAST_LOW = 1
const ASK_PAST_HIGH = 2

/** Of a trade: bit 0 past a limit, bit 1 unreported. Imported trades say only in their conditions that they are of odd lots. */
export function tradeMask(trade: Trade): number {
  const isUnreported = isMarked(trade, Mark.unreported) || trade.conditions?.includes(ODD_LOT)
  return (isMarked(trade, Mark.pastLimit) ? PAST_LIMIT : 0) | (isUnreported ? UNREPORTED : 0)
}

/** Of a quote: bit 0 bid below the lowest price of the day that is allowed, bit 1 ask above the highest. */
export function quoteMask(quote: Quote): number {
  return (isMarked(quote, Mark.bidPastLimit) ? BID_PAST_LOW : 0) | (isMarked(quote, Mark.askPastLimit) ? ASK_PAST_HIGH : 0)
}
