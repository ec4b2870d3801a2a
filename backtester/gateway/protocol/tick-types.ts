/** The tick types of IB behind our words: the reverse of what a recorder maps. Numbers as in IB's "Available Tick Types". */

import type { Greeks } from '../../../market/tick.ts'

/** The kinds of tick-by-tick data. */
export type TickKind = 'Last' | 'AllLast' | 'BidAsk' | 'MidPoint'

export const TickType = {
  bidSize: 0,
  bid: 1,
  ask: 2,
  askSize: 3,
  last: 4,
  lastTimestamp: 45,
  rtVolume: 48,
  halted: 49,
} as const

/** The generic tick that a client asks for to get RTVolume. */
export const RT_VOLUME_GENERIC = 233

/** The same figures when the client asked for delayed data; what is not here has no delayed id. */
const DELAYED: ReadonlyMap<number, number> = new Map([
  [0, 69],
  [1, 66],
  [2, 67],
  [3, 70],
  [4, 68],
  [5, 71],
  [6, 72],
  [7, 73],
  [8, 74],
  [9, 75],
  [10, 80],
  [11, 81],
  [12, 82],
  [13, 83],
  [14, 76],
  [45, 88],
  [49, 90],
  [50, 103],
  [51, 104],
])

/** The id under which a tick goes out. */
export function wireType(type: number, isDelayed: boolean): number {
  return isDelayed ? (DELAYED.get(type) ?? type) : type
}

/** `custom`: what a client had computed. */
export const GREEKS_TYPES: Readonly<Record<Greeks['basis'] | 'custom', number>> = { bid: 10, ask: 11, last: 12, model: 13, custom: 53 }

/** How a statistic of the tape goes out. */
export interface FigureType {
  type: number
  /** Which message carries it. */
  form: 'price' | 'size' | 'generic' | 'text'
  /** The generic tick that asks for it; absent: every line gets it. */
  generic?: number
}

export const FIGURE_TYPES: ReadonlyMap<string, FigureType> = new Map<string, FigureType>([
  ['day-high', { type: 6, form: 'price' }],
  ['day-low', { type: 7, form: 'price' }],
  ['day-volume', { type: 8, form: 'size' }],
  ['previous-close', { type: 9, form: 'price' }],
  ['day-open', { type: 14, form: 'price' }],
  ['low-13-weeks', { type: 15, form: 'price', generic: 165 }],
  ['high-13-weeks', { type: 16, form: 'price', generic: 165 }],
  ['low-26-weeks', { type: 17, form: 'price', generic: 165 }],
  ['high-26-weeks', { type: 18, form: 'price', generic: 165 }],
  ['low-52-weeks', { type: 19, form: 'price', generic: 165 }],
  ['high-52-weeks', { type: 20, form: 'price', generic: 165 }],
  ['average-volume', { type: 21, form: 'size', generic: 165 }],
  ['historical-volatility', { type: 23, form: 'generic', generic: 104 }],
  ['implied-volatility', { type: 24, form: 'generic', generic: 106 }],
  ['call-open-interest', { type: 27, form: 'size', generic: 101 }],
  ['put-open-interest', { type: 28, form: 'size', generic: 101 }],
  ['call-volume', { type: 29, form: 'size', generic: 100 }],
  ['put-volume', { type: 30, form: 'size', generic: 100 }],
  ['index-future-premium', { type: 31, form: 'generic', generic: 162 }],
  ['bid-venues', { type: 32, form: 'text' }],
  ['ask-venues', { type: 33, form: 'text' }],
  ['auction-volume', { type: 34, form: 'size', generic: 225 }],
  ['auction-price', { type: 35, form: 'price', generic: 225 }],
  ['auction-imbalance', { type: 36, form: 'size', generic: 225 }],
  ['mark-price', { type: 37, form: 'price', generic: 232 }],
  ['shortable', { type: 46, form: 'generic', generic: 236 }],
  ['halted', { type: 49, form: 'generic' }],
  ['trade-count', { type: 54, form: 'generic', generic: 293 }],
  ['trade-rate', { type: 55, form: 'generic', generic: 294 }],
  ['volume-rate', { type: 56, form: 'generic', generic: 295 }],
  ['real-time-historical-volatility', { type: 58, form: 'generic', generic: 411 }],
  ['dividends', { type: 59, form: 'text', generic: 456 }],
  ['regulatory-imbalance', { type: 61, form: 'size', generic: 225 }],
  ['last-venue', { type: 84, form: 'text' }],
  ['last-regulatory-time', { type: 85, form: 'text' }],
  ['futures-open-interest', { type: 86, form: 'size', generic: 588 }],
  ['average-option-volume', { type: 87, form: 'size', generic: 105 }],
  ['shortable-shares', { type: 89, form: 'size', generic: 236 }],
  ['open-interest', { type: 22, form: 'size' }],
  ['fundamental-ratios', { type: 47, form: 'text', generic: 258 }],
  ['bid-yield', { type: 50, form: 'price' }],
  ['ask-yield', { type: 51, form: 'price' }],
  ['last-yield', { type: 52, form: 'price' }],
  ['last-regular-hours-price', { type: 57, form: 'price', generic: 318 }],
  ['bond-factor', { type: 60, form: 'generic', generic: 460 }],
  ['news', { type: 62, form: 'text', generic: 292 }],
  ['volume-3-minutes', { type: 63, form: 'size', generic: 595 }],
  ['volume-5-minutes', { type: 64, form: 'size', generic: 595 }],
  ['volume-10-minutes', { type: 65, form: 'size', generic: 595 }],
  ['rt-trade-volume', { type: 77, form: 'text', generic: 375 }],
  ['creditman-mark-price', { type: 78, form: 'price', generic: 619 }],
  ['creditman-slow-mark-price', { type: 79, form: 'price', generic: 619 }],
  ['etf-nav-close', { type: 92, form: 'price', generic: 578 }],
  ['etf-nav-previous-close', { type: 93, form: 'price', generic: 578 }],
  ['etf-nav-bid', { type: 94, form: 'price', generic: 576 }],
  ['etf-nav-ask', { type: 95, form: 'price', generic: 576 }],
  ['etf-nav-last', { type: 96, form: 'price', generic: 577 }],
  ['etf-nav-frozen-last', { type: 97, form: 'price', generic: 623 }],
  ['etf-nav-high', { type: 98, form: 'price', generic: 614 }],
  ['etf-nav-low', { type: 99, form: 'price', generic: 614 }],
  ['social-analytics', { type: 100, form: 'text' }],
  ['estimated-ipo-midpoint', { type: 101, form: 'price', generic: 586 }],
  ['final-ipo-price', { type: 102, form: 'price', generic: 586 }],
])
