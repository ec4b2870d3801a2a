/**
 * What IB's tick types mean in our words. Numbers as in IB's "Available Tick Types" and @stoqey/ib's TickType.
 */

import type { Greeks } from '../../../market/tick.ts'

/** The types of delayed data, and what they are in real time. */
export const LIVE_TYPES: Readonly<Record<number, number>> = {
  66: 1,
  67: 2,
  68: 4,
  69: 0,
  70: 3,
  71: 5,
  72: 6,
  73: 7,
  74: 8,
  75: 9,
  76: 14,
  80: 10,
  81: 11,
  82: 12,
  83: 13,
  88: 45,
  90: 49,
  103: 50,
  104: 51,
}

/** True for IB's market data types 3 (delayed) and 4 (delayed, frozen). */
export function isDelayedType(marketDataType: number): boolean {
  return marketDataType === 3 || marketDataType === 4
}

/** True for IB's market data types 2 (frozen) and 4 (delayed, frozen): the values before the market closed. */
export function isFrozenType(marketDataType: number): boolean {
  return marketDataType === 2 || marketDataType === 4
}

/** Fields that together make up one quote or one sampled trade. */
export type GroupField = 'bidPrice' | 'askPrice' | 'bidSize' | 'askSize' | 'lastPrice' | 'lastSize' | 'lastTime'

export const BID_SIZE = 0
export const ASK_SIZE = 3
export const LAST_SIZE = 5
export const VOLUME = 8
export const RT_VOLUME = 48

/** Each letter of these texts is a venue; tickReqParams names the key. */
export const VENUE_LETTERS: ReadonlySet<number> = new Set([32, 33, 84])

export const GROUP_FIELDS: Readonly<Record<number, GroupField>> = {
  0: 'bidSize',
  1: 'bidPrice',
  2: 'askPrice',
  3: 'askSize',
  4: 'lastPrice',
  5: 'lastSize',
  45: 'lastTime',
}

/** Option computations by the price they were computed from. */
export const GREEKS_BASIS: Readonly<Record<number, Greeks['basis']>> = { 10: 'bid', 11: 'ask', 12: 'last', 13: 'model' }

/** Everything else: figures of the day or the state of the line. */
export const STATISTICS: Readonly<Record<number, string>> = {
  6: 'day-high',
  7: 'day-low',
  8: 'day-volume',
  9: 'previous-close',
  14: 'day-open',
  15: 'low-13-weeks',
  16: 'high-13-weeks',
  17: 'low-26-weeks',
  18: 'high-26-weeks',
  19: 'low-52-weeks',
  20: 'high-52-weeks',
  21: 'average-volume',
  22: 'open-interest',
  23: 'historical-volatility',
  24: 'implied-volatility',
  27: 'call-open-interest',
  28: 'put-open-interest',
  29: 'call-volume',
  30: 'put-volume',
  31: 'index-future-premium',
  32: 'bid-venues',
  33: 'ask-venues',
  34: 'auction-volume',
  35: 'auction-price',
  36: 'auction-imbalance',
  37: 'mark-price',
  46: 'shortable',
  47: 'fundamental-ratios',
  49: 'halted',
  50: 'bid-yield',
  51: 'ask-yield',
  52: 'last-yield',
  54: 'trade-count',
  55: 'trade-rate',
  56: 'volume-rate',
  57: 'last-regular-hours-price',
  58: 'real-time-historical-volatility',
  59: 'dividends',
  60: 'bond-factor',
  61: 'regulatory-imbalance',
  62: 'news',
  63: 'volume-3-minutes',
  64: 'volume-5-minutes',
  65: 'volume-10-minutes',
  77: 'rt-trade-volume',
  78: 'creditman-mark-price',
  79: 'creditman-slow-mark-price',
  84: 'last-venue',
  85: 'last-regulatory-time',
  86: 'futures-open-interest',
  87: 'average-option-volume',
  89: 'shortable-shares',
  92: 'etf-nav-close',
  93: 'etf-nav-previous-close',
  94: 'etf-nav-bid',
  95: 'etf-nav-ask',
  96: 'etf-nav-last',
  97: 'etf-nav-frozen-last',
  98: 'etf-nav-high',
  99: 'etf-nav-low',
  100: 'social-analytics',
  101: 'estimated-ipo-midpoint',
  102: 'final-ipo-price',
}
