/** Short ways to the ticks that rules are shown. */

import type { Greeks, Quote, Statistic, Trade } from '../../../../market/tick.ts'

const base = { seq: 1, tsUs: 1401975060000000, instrument: 0 }

export function quoteOf(bidPrice?: number, askPrice?: number, bidSize: number | undefined = 1, askSize: number | undefined = 1): Quote {
  return { kind: 'quote', ...base, bidPrice, askPrice, bidSize, askSize }
}

export function tradeOf(price: number, size?: number): Trade {
  return { kind: 'trade', ...base, price, size, source: 'last' }
}

export const GREEKS: Greeks = { kind: 'greeks', ...base, basis: 'model', delta: -0.4, theta: -0.02, optionPrice: 1.2 }
export const STATISTIC: Statistic = { kind: 'statistic', ...base, name: 'index-future-premium', value: -3 }
