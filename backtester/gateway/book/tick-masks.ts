/**
 * The attribute bits of tick-by-tick data and historical ticks, out of what the tape says of a tick. Everything that is served tick by tick
 * gets its bits here and nowhere else; those of price messages are in price-mask.ts.
 */

import { Mark } from '../../../market/marks.ts'
import type { Quote, Trade } from '../../../market/tick.ts'

/** Sales of less than a round lot, which the tape of the exchanges does not count as last sale. */
const ODD_LOT = 'I'
const PAST_LIMIT = 1
const UNREPORTED = 2
/** Of a live quote. */
const BID_PAST_LOW = 1
const ASK_PAST_HIGH = 2
/** Of a historical quote, which has the two the other way round (the official client's decoder). */
const HISTORICAL_ASK_PAST_HIGH = 1
const HISTORICAL_BID_PAST_LOW = 2

/** Of a trade, live or historical. */
export function tradeMask({ conditions = '', marks = 0 }: Trade): number {
  const isUnreported = (marks & Mark.unreported) !== 0 || conditions.includes(ODD_LOT)
  return (marks & Mark.pastLimit ? PAST_LIMIT : 0) | (isUnreported ? UNREPORTED : 0)
}

/** Of a quote of tick-by-tick data. */
export function quoteMask({ marks = 0 }: Quote): number {
  return (marks & Mark.bidPastLimit ? BID_PAST_LOW : 0) | (marks & Mark.askPastLimit ? ASK_PAST_HIGH : 0)
}

/** Of a quote among historical ticks. */
export function historicalQuoteMask({ marks = 0 }: Quote): number {
  return (marks & Mark.askPastLimit ? HISTORICAL_ASK_PAST_HIGH : 0) | (marks & Mark.bidPastLimit ? HISTORICAL_BID_PAST_LOW : 0)
}
