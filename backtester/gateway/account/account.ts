/**
 * The account that the gateway shows: cash as stated by its operator, no positions, no orders, no debts. Bots size their orders by these
 * numbers. It is a cash account, so that its buying power is its cash.
 */

import type { AccountValue } from '../protocol/reference-messages.ts'

const CURRENCY = 'USD'
/** How a request for a summary asks for the balances of one currency, or of all. */
const LEDGER = /^\$LEDGER(?::.*)?$/
const EVERYTHING = 'all'

export class Account {
  /** As account updates and summaries name them. */
  readonly #values: readonly AccountValue[]
  /** Balances of the currency. */
  readonly #ledger: readonly AccountValue[]

  constructor(cash: number) {
    const money = (key: string, amount: number): AccountValue => ({ key, value: amount.toFixed(2), currency: CURRENCY })
    const plain = (key: string, value: string): AccountValue => ({ key, value, currency: '' })
    const full = ['NetLiquidation', 'TotalCashValue', 'SettledCash', 'BuyingPower', 'EquityWithLoanValue', 'PreviousEquityWithLoanValue']
    const free = ['AvailableFunds', 'ExcessLiquidity', 'FullAvailableFunds', 'FullExcessLiquidity']
    const ahead = ['LookAheadAvailableFunds', 'LookAheadExcessLiquidity']
    const none = ['AccruedCash', 'GrossPositionValue', 'RegTMargin', 'SMA', 'InitMarginReq', 'MaintMarginReq']
    const noneFull = ['FullInitMarginReq', 'FullMaintMarginReq', 'LookAheadInitMarginReq', 'LookAheadMaintMarginReq']
    this.#values = [
      plain('AccountType', 'INDIVIDUAL'),
      plain('Cushion', '1'),
      plain('DayTradesRemaining', '-1'),
      plain('LookAheadNextChange', '0'),
      plain('Leverage', '0.00'),
      ...[...full, 'RegTEquity', ...free, ...ahead].map((key) => money(key, cash)),
      ...[...none, ...noneFull].map((key) => money(key, 0)),
    ]
    this.#ledger = [
      { key: 'Currency', value: CURRENCY, currency: CURRENCY },
      { key: 'ExchangeRate', value: '1.00', currency: CURRENCY },
      ...['CashBalance', 'TotalCashBalance', 'NetLiquidationByCurrency'].map((key) => money(key, cash)),
      ...['StockMarketValue', 'OptionMarketValue', 'UnrealizedPnL', 'RealizedPnL'].map((key) => money(key, 0)),
    ]
  }

  get values(): readonly AccountValue[] {
    return [...this.#values, ...this.#ledger]
  }

  /** What a summary of these tags has. Tags are separated by commas; those that are not known give nothing. */
  summary(tags: string): readonly AccountValue[] {
    const wanted = new Set(tags.split(',').map((tag) => tag.trim()))
    const isLedger = [...wanted].some((tag) => LEDGER.test(tag))
    const hasAll = [...wanted].some((tag) => tag.toLowerCase() === EVERYTHING)
    return [...this.#values.filter(({ key }) => hasAll || wanted.has(key)), ...(isLedger ? this.#ledger : [])]
  }
}
