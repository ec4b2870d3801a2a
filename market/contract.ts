/**
 * What is traded: stocks, options, indices and futures, each with one text key that names it everywhere
 * (tapes, database, logs), whatever a broker's numbering says.
 */

export type Right = 'C' | 'P'

/** A step of a price grid: from the price `from` on, up to the next step's, prices are multiples of `increment`. */
export interface PriceStep {
  from: number
  increment: number
}

/**
 * When a contract trades, in the words of its broker, who lists some days ahead: worth something only together with the day on which it
 * was read. IB: `20140605:0930-20140605:1600;20140606:CLOSED`.
 */
export interface ListedHours {
  /** `YYYY-MM-DD`, UTC, on the clock of the machine that read them. */
  readOn: string
  /** Of the times below, as the broker names it: `US/Eastern`. */
  timeZone: string
  /** All hours in which it trades. */
  trading: string
  /** The regular ones. */
  liquid: string
}

interface ContractBase {
  /** Ticker of the instrument itself: `TWX`. For an option or a future, the ticker of its underlying. */
  symbol: string
  /** ISO 4217. */
  currency: string
  /** The broker's number, when one was given. It is not part of the key: brokers renumber. */
  conId?: number
  /** The prices that can be quoted, by rising `from`, when the broker gave them. Not part of the key: exchanges change it. */
  priceGrid?: readonly PriceStep[]
  /** Not part of the key: they are listed anew every day. */
  hours?: ListedHours
}

export interface StockContract extends ContractBase {
  kind: 'stock'
  /** Listing venue, which distinguishes equal tickers under smart routing. */
  primaryVenue?: string
}

export interface IndexContract extends ContractBase {
  kind: 'index'
  venue: string
}

export interface FutureContract extends ContractBase {
  kind: 'future'
  /** `YYYY-MM-DD` */
  expiry: string
  multiplier: number
  tradingClass: string
  venue: string
}

export interface OptionContract extends ContractBase {
  kind: 'option'
  /** Expiration as listed, `YYYY-MM-DD`. Monthly options listed before 2015 carry a Saturday here. */
  expiry: string
  /** Last day on which the option trades, `YYYY-MM-DD`, when known and different from `expiry`. */
  lastTradeDate?: string
  strike: number
  right: Right
  /** Units of the underlying one contract stands for. */
  multiplier: number
  /** Root under which the exchange lists it: SPX and SPXW are different products on one underlying. */
  tradingClass: string
}

export type Contract = StockContract | IndexContract | FutureContract | OptionContract

/** Text identity of a contract: equal keys mean the same deliverable. Stable across brokers and sessions. */
export function contractKey(contract: Contract): string {
  const { kind, symbol, currency } = contract
  switch (kind) {
    case 'stock':
      return `stock:${symbol}:${currency}`
    case 'index':
      return `index:${symbol}:${currency}`
    case 'future':
      return `future:${symbol}:${currency}:${contract.tradingClass}:${contract.expiry}:${contract.multiplier}`
    case 'option':
      return `option:${symbol}:${currency}:${contract.tradingClass}:${contract.expiry}:${contract.right}:${contract.strike}:${contract.multiplier}`
  }
}

/** A stock that the US tapes report: IB may count its sizes in lots. */
export function isUsStock(contract: Contract | undefined): contract is StockContract {
  return contract?.kind === 'stock' && contract.currency === 'USD'
}

/** Units of the underlying that one contract moves: 1 for stocks and indices. */
export function multiplierOf(contract: Contract): number {
  return contract.kind === 'option' || contract.kind === 'future' ? contract.multiplier : 1
}

/** A short name for people: `TWX`, `TWX 2014-06-21 70 C`. */
export function describeContract(contract: Contract): string {
  switch (contract.kind) {
    case 'option':
      return `${contract.symbol} ${contract.expiry} ${contract.strike} ${contract.right}`
    case 'future':
      return `${contract.symbol} ${contract.expiry}`
    default:
      return contract.symbol
  }
}
