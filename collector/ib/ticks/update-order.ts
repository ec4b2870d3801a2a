/**
 * Where one update of a line ends and the next begins, when messages follow each other so closely that time does not tell.
 *
 * IB sends the parts of an update in a fixed order: the time of the last trade, its price, its size, the day's volume, then the prices of
 * the quote, the size of the bid, the size of the ask. Whatever would come out of this order, or a second time, belongs to the next
 * update. Seen in 42 minutes of a stock's market data, in which updates are at least 122 ms apart and their parts at most 0.4 ms: no update
 * broke the order, but that the two prices of a quote, or volume and trade, may change places.
 *
 * What the order cannot tell: the size of the ask may belong to the update that brought the size of the bid, or be one by itself.
 */

import type { GroupField } from './tick-types.ts'

/** What an update is made of. Other figures of a line say nothing about where it ends. */
export type Part = GroupField | 'volume'

const BIT: Readonly<Record<Part, number>> = {
  lastTime: 1,
  lastPrice: 2,
  lastSize: 4,
  volume: 8,
  bidPrice: 16,
  askPrice: 32,
  bidSize: 64,
  askSize: 128,
}
const TRADE = BIT.lastTime | BIT.lastPrice | BIT.lastSize | BIT.volume
const PRICES = BIT.bidPrice | BIT.askPrice
const QUOTE = PRICES | BIT.bidSize | BIT.askSize

/**
 * What may come before a part in one update. A price message has its size inside: a size that follows it by itself and differs is not of
 * the same update.
 */
const BEFORE: Readonly<Record<Part, number>> = {
  lastTime: BIT.volume,
  lastPrice: BIT.lastTime | BIT.volume,
  lastSize: BIT.lastTime | BIT.volume,
  volume: TRADE & ~BIT.volume,
  bidPrice: TRADE | BIT.askPrice,
  askPrice: TRADE | BIT.bidPrice,
  bidSize: TRADE | BIT.askPrice,
  askSize: TRADE | BIT.bidPrice | BIT.bidSize,
}

/** The price in whose message a size can come. */
const PRICE_OF: Partial<Record<Part, number>> = { lastSize: BIT.lastPrice, bidSize: BIT.bidPrice, askSize: BIT.askPrice }

/** A part as a bit of the set of parts that an update has so far. */
export function bitOf(part: Part): number {
  return BIT[part]
}

/**
 * False when a part belongs to the next update.
 *
 * @param seen the parts so far
 * @param isSizeless the size of this side is not known, before or behind the part
 */
export function mayAdd(seen: number, part: Part, isSizeless: boolean): boolean {
  const before = isSizeless ? BEFORE[part] | (PRICE_OF[part] ?? 0) : BEFORE[part]
  return (seen & ~before) === 0
}

/** The parts have a price or a size of a trade: its time alone is none. */
export function hasTrade(seen: number): boolean {
  return (seen & (BIT.lastPrice | BIT.lastSize)) !== 0
}

/** More than one message changed the quote. */
export function hasSeveralQuoteParts(seen: number): boolean {
  const parts = seen & QUOTE
  return (parts & (parts - 1)) !== 0
}
