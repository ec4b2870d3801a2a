/** A small table of what widely traded underlyings are: their long name, kind and listing venue, as IB spells them. No tape has these. */

import type { Contract } from '../../../market/contract.ts'

interface Known {
  longName: string
  /** IB's `stockType`; empty for an index. */
  stockType: 'COMMON' | 'ETF' | ''
  primaryExchange: string
}

const common = (longName: string, primaryExchange: string): Known => ({ longName, stockType: 'COMMON', primaryExchange })
const etf = (longName: string, primaryExchange: string): Known => ({ longName, stockType: 'ETF', primaryExchange })
const index = (longName: string, primaryExchange: string): Known => ({ longName, stockType: '', primaryExchange })

/** Those of the United States, by ticker. */
const STOCKS: ReadonlyMap<string, Known> = new Map([
  ['AAPL', common('APPLE INC', 'NASDAQ')],
  ['AMD', common('ADVANCED MICRO DEVICES', 'NASDAQ')],
  ['AMZN', common('AMAZON.COM INC', 'NASDAQ')],
  ['BAC', common('BANK OF AMERICA CORP', 'NYSE')],
  ['DIA', etf('SPDR DJIA TRUST', 'ARCA')],
  ['EEM', etf('ISHARES MSCI EMERGING MARKET', 'ARCA')],
  ['GE', common('GENERAL ELECTRIC', 'NYSE')],
  ['GLD', etf('SPDR GOLD SHARES', 'ARCA')],
  ['GOOG', common('ALPHABET INC-CL C', 'NASDAQ')],
  ['GOOGL', common('ALPHABET INC-CL A', 'NASDAQ')],
  ['IBM', common('INTL BUSINESS MACHINES CORP', 'NYSE')],
  ['INTC', common('INTEL CORP', 'NASDAQ')],
  ['IWM', etf('ISHARES RUSSELL 2000 ETF', 'ARCA')],
  ['JPM', common('JPMORGAN CHASE & CO', 'NYSE')],
  ['META', common('META PLATFORMS INC-CLASS A', 'NASDAQ')],
  ['MSFT', common('MICROSOFT CORP', 'NASDAQ')],
  ['NFLX', common('NETFLIX INC', 'NASDAQ')],
  ['NVDA', common('NVIDIA CORP', 'NASDAQ')],
  ['QQQ', etf('INVESCO QQQ TRUST SERIES 1', 'NASDAQ')],
  ['SLV', etf('ISHARES SILVER TRUST', 'ARCA')],
  ['SPY', etf('SPDR S&P 500 ETF TRUST', 'ARCA')],
  ['TLT', etf('ISHARES 20+ YEAR TREASURY BD', 'NASDAQ')],
  ['TSLA', common('TESLA INC', 'NASDAQ')],
  ['TWX', common('TIME WARNER INC', 'NYSE')],
  ['XLF', etf('FINANCIAL SELECT SECTOR SPDR', 'ARCA')],
])

const INDICES: ReadonlyMap<string, Known> = new Map([
  ['NDX', index('NASDAQ 100 Stock Index', 'NASDAQ')],
  ['RUT', index('Russell 2000 Stock Index', 'RUSSELL')],
  ['SPX', index('S&P 500 Stock Index', 'CBOE')],
  ['VIX', index('CBOE Volatility Index', 'CBOE')],
  ['XSP', index('Mini SPX Index', 'CBOE')],
])

/** The name of the contract or of its underlying; its ticker where the table does not know it. */
export function longNameOf(contract: Contract): string {
  return (knownOf(contract) ?? INDICES.get(contract.symbol))?.longName ?? contract.symbol
}

/** Empty where it is not known, and for what is no stock. */
export function stockTypeOf(contract: Contract): string {
  return contract.kind === 'stock' ? (knownOf(contract)?.stockType ?? '') : ''
}

/** The listing venue of a stock: the tape's own, else the table's; empty where neither knows it. */
export function primaryExchangeOf(contract: Contract): string {
  return contract.kind === 'stock' ? (contract.primaryVenue ?? knownOf(contract)?.primaryExchange ?? '') : ''
}

function knownOf({ kind, symbol, currency }: Contract): Known | undefined {
  if (currency !== 'USD') return undefined
  return (kind === 'index' ? INDICES : STOCKS).get(symbol)
}
