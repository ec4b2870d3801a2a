/** Opportunities as the engine gives them, made by hand. */

import type { Episode } from '../../market/arbitrage/episode.ts'
import type { Assessment } from '../../market/arbitrage/opportunity.ts'
import type { OptionContract, StockContract } from '../../market/contract.ts'

const STOCK: StockContract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
const OPTION = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-06-21',
  strike: 70,
  multiplier: 100,
  tradingClass: 'TWX',
} as const
const CALL: OptionContract = { ...OPTION, right: 'C' }
const PUT: OptionContract = { ...OPTION, right: 'P' }

export const OPENED_US = 1401975060_000_000

/** A conversion of two packages. */
export function assessment(changes: Partial<Assessment> = {}): Assessment {
  const leg = { ratio: 1, ageMs: 40, fee: 1.3 }
  return {
    detector: 'conversion',
    certainty: 'guaranteed',
    assumptions: [],
    legs: [
      { ...leg, instrument: 0, side: 'buy', price: 70.01, contract: STOCK, size: 400 },
      { ...leg, instrument: 1, side: 'buy', price: 1.05, contract: PUT, size: 2, ageMs: 1200 },
      { ...leg, instrument: 2, side: 'sell', price: 1.31, contract: CALL, size: 7 },
    ],
    underlying: { symbol: 'TWX', currency: 'USD' },
    expiry: '2014-06-21',
    lastExpiry: '2014-06-21',
    multiplier: 100,
    size: 2,
    grossEdgePerShare: 0.25,
    edgePerShare: 0.23,
    edgePerContract: 23,
    profit: 46,
    fees: 4,
    capital: 6975,
    annualReturn: 0.075,
    worstCase: 23,
    skewMs: 1160,
    carry: {
      days: 16,
      lastDays: 16,
      rate: 0.0025,
      rateSource: 'settings',
      dividends: 0,
      dividendSource: 'settings',
      dividendYield: 0,
      borrow: undefined,
    },
    ...changes,
  }
}

/** Open, unless the changes say otherwise. */
export function episode(changes: Partial<Episode> = {}): Episode {
  const opened = changes.opened ?? assessment()
  return {
    id: '7-12-1',
    sessionId: 7,
    openedSeq: 12,
    openedUs: OPENED_US,
    closedUs: undefined,
    ending: undefined,
    opened,
    best: opened,
    bestUs: OPENED_US,
    last: opened,
    lastUs: OPENED_US,
    quotes: 1,
    course: [{ tsUs: OPENED_US, edgePerShare: opened.edgePerShare, size: opened.size }],
    ...changes,
  }
}
