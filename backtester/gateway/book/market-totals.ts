/** What the gateway counts of the market data it serves. */

/**
 * Counts since the gateway started. A tick is what a recorder makes one row of: the quote of one line at one moment, a trade, a
 * figure, the option values of one basis; RTVolume makes three. A message is one of the wire: a quote takes one to four, a last trade two.
 */
export interface MarketTotals {
  /** Market-data and tick-by-tick lines. */
  linesOpened: number
  linesClosed: number
  /** What of an open line's state the tape's ticks changed, once for each such line. A trade may change last trade, volume and RTVolume. */
  changes: number
  /** Changes overwritten or taken back before their sampling step. */
  merged: number
  /** Changes that waited for their step when the line was closed. */
  unsent: number
  /** Ticks that gave a new line the state it found. */
  statesServed: number
  /** Option values that the gateway computed behind a quote. */
  derived: number
  /** All ticks: those with a change, with a first state, and derived ones. */
  ticksServed: number
  messagesServed: number
  /**
   * Ticks of the tape that IB has no message for, trades without a price, those that a better source has too, and those that
   * were quarantined for a reason that cannot be found in them again.
   */
  notServed: number
  /** The part of `notServed` that was left out because of its verdict. */
  notServedByVerdict: number
}

export function newMarketTotals(): MarketTotals {
  return {
    linesOpened: 0,
    linesClosed: 0,
    changes: 0,
    merged: 0,
    unsent: 0,
    statesServed: 0,
    derived: 0,
    ticksServed: 0,
    messagesServed: 0,
    notServed: 0,
    notServedByVerdict: 0,
  }
}
