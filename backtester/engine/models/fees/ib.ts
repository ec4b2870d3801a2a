/**
 * What IB takes from private clients in the United States at the lowest volume of each plan, in USD. The tiers of stocks and the fixed fee of options
 * are not checked against a price list: compare them with your own account. Fees of exchanges, clearing and regulators change and are not in it; a
 * dated schedule of one's own has all of it (`schedule`).
 */

import type { FeeSchedule } from '../../../../market/arbitrage/fees.ts'
import { type FeeModel, schedule } from './fees.ts'

const COMMON = { from: '2000-01-01', optionMinimum: 1, optionExtra: 0, shareMaximumPercent: 1, salePercent: 0 } as const

/** 0.005 per share, at least 1.00, at most 1 % of the trade; 0.65 per option, at least 1.00. */
const FIXED: FeeSchedule = { ...COMMON, option: [{ premium: 0, fee: 0.65 }], sharePerShare: 0.005, shareMinimum: 1 }

/** 0.0035 per share, at least 0.35, at most 1 % of the trade; options by premium: 0.65, 0.50 from 0.05 to 0.10, 0.25 below; at least 1.00. */
const TIERED: FeeSchedule = {
  ...COMMON,
  option: [
    { premium: 0, fee: 0.25 },
    { premium: 0.05, fee: 0.5 },
    { premium: 0.1, fee: 0.65 },
  ],
  sharePerShare: 0.0035,
  shareMinimum: 0.35,
}

export const ibFixed = (): FeeModel => schedule({ schedules: [FIXED], name: 'ib-fixed' })

export const ibTiered = (): FeeModel => schedule({ schedules: [TIERED], name: 'ib-tiered' })
