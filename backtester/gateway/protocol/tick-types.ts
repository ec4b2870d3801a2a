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
])
