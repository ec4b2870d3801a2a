/** A contract's day without a fault, to which tests add some. */

import { type ContractDay, NO_JUDGED, NO_TICKS } from '../../../../market/quality/contract-day.ts'

export const MINUTE_US = 60_000_000
export const DAY_US = 390 * MINUTE_US

export function contractDay(more: Partial<ContractDay> = {}): ContractDay {
  return {
    date: '2014-06-05',
    key: 'stock:TWX:USD',
    symbol: 'TWX',
    kind: 'stock',
    expectedUs: DAY_US,
    coveredUs: DAY_US,
    longestGapUs: 0,
    causes: [],
    standing: {
      quotedUs: DAY_US,
      twoSidedUs: DAY_US,
      lockedUs: 0,
      crossedUs: 0,
      spread: { mean: 0.01, p05: 0.01, median: 0.01, p95: 0.02, relative: 0.0002 },
    },
    ticks: { ...NO_TICKS, quotes: 1000 },
    judged: NO_JUDGED,
    ...more,
  }
}

export const ticks = (more: Partial<ContractDay['ticks']> = {}) => ({ ...NO_TICKS, quotes: 1000, ...more })
export const judged = (more: Partial<ContractDay['judged']> = {}) => ({ ...NO_JUDGED, ...more })

/** The same for an option. */
export const optionDay = (more: Partial<ContractDay> = {}) =>
  contractDay({ kind: 'option', key: 'option:TWX:USD:TWX:2014-06-21:C:70:100', ...more })
