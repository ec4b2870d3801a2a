/** Contracts as the wire describes them: in requests and in contract details. */

import type { Right } from '../../../market/contract.ts'

export type SecType = 'STK' | 'IND' | 'FUT' | 'OPT'

/** A contract as a client describes it; undefined and empty match anything. */
export interface ContractQuery {
  conId: number | undefined
  symbol: string
  secType: string
  /** `YYYYMMDD`, `YYYYMM` or empty. */
  expiry: string
  strike: number | undefined
  right: Right | undefined
  multiplier: number | undefined
  exchange: string
  currency: string
  localSymbol: string
  tradingClass: string
}

/** The fields of IB's contract data, in IB's words. */
export interface ContractDetails {
  symbol: string
  secType: SecType
  /** IB's `lastTradeDateOrContractMonth`. */
  expiry: string
  lastTradeDate: string
  strike: number
  right: string
  exchange: string
  currency: string
  localSymbol: string
  marketName: string
  tradingClass: string
  conId: number
  minTick: number
  multiplier: number | ''
  orderTypes: string
  validExchanges: string
  priceMagnifier: number
  underConId: number
  longName: string
  primaryExchange: string
  contractMonth: string
  industry: string
  category: string
  subcategory: string
  timeZoneId: string
  tradingHours: string
  liquidHours: string
  aggGroup: number
  underSymbol: string
  underSecType: SecType | ''
  marketRuleIds: string
  realExpirationDate: string
  stockType: string
  minSize: number
  sizeIncrement: number
  suggestedSizeIncrement: number
}

/** The options of one class on one underlying. */
export interface OptionChain {
  underConId: number
  tradingClass: string
  multiplier: number
  /** `YYYYMMDD`, ascending. */
  expirations: string[]
  /** Ascending. */
  strikes: number[]
}
