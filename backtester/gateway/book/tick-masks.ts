/**
 * The attribute bits of tick-by-tick data and historical ticks, out of what the tape says of a tick. Everything that is served tick by tick
 * gets its bits here and nowhere else.
 */

import type { Quote, Trade } from '../../../market/tick.ts'

/** Sales of less than a round lot, which the tape of the exchanges does not count as last sale. */
const ODD_LOT = 'I'
const UNREPORTED = 2

/** Of a trade: bit 0 past a limit, bit 1 unreported. */
export function tradeMask({ conditions = '' }: Trade): number {
  return conditions.includes(ODD_LOT) ? UNREPORTED : 0
}

/** Of a quote: bit 0 bid below the lowest price of the day that is allowed, bit 1 ask above the highest. No tape has these so far. */
export function quoteMask(_quote: Quote): number {
  return 0
}
