/**
 * Finds what there is to record: an underlying, the expiries of its chain in a range of dates, and for each expiry the options
 * that really exist. IB lists expiries and strikes as two sets whose product holds pairs that do not exist; asking per expiry
 * returns the existing ones and keeps the answers small (an open-ended query can hang a gateway).
 */

import { SecType } from '@stoqey/ib'

import { contractKey, type OptionContract, type StockContract } from '../../../market/contract.ts'
import { NO_DEFINITION } from '../codes.ts'
import { type Link, RequestError } from '../link/link.ts'
import type { PriceGrids } from './price-grids.ts'
import { compactDate, isoDate, optionFromDetails, stockFromDetails } from './map-contract.ts'

export interface UnderlyingQuery {
  symbol: string
  currency: string
  exchange: string
  primaryExchange?: string | undefined
}

export interface ChainQuery {
  /** First and last expiry wanted, `YYYY-MM-DD`. */
  from: string
  to: string
  /** Absent: all. */
  tradingClasses?: readonly string[] | undefined
}

/** Returns the stock, or undefined when the gateway knows none of that name. */
export async function findStock(
  link: Link,
  grids: PriceGrids,
  { symbol, currency, exchange, primaryExchange }: UnderlyingQuery,
): Promise<StockContract | undefined> {
  const details = await orNone(
    link.contractDetails({ symbol, currency, exchange, secType: SecType.STK, ...(primaryExchange && { primaryExch: primaryExchange }) }),
  )
  const [first] = details.filter((detail) => stockFromDetails(detail) !== undefined)
  return first && stockFromDetails(first, await grids.of(first))
}

/** Returns every listed option on the stock that the query covers, by expiry. */
export async function findChain(
  link: Link,
  grids: PriceGrids,
  stock: StockContract,
  { from, to, tradingClasses }: ChainQuery,
): Promise<OptionContract[]> {
  const listings = await orNone(link.chainParameters(stock.symbol, stock.conId ?? 0))
  const smart = listings.filter(({ exchange }) => exchange === 'SMART')
  const wanted = new Map<string, { tradingClass: string; expiry: string }>()
  for (const { tradingClass, expirations } of smart.length > 0 ? smart : listings) {
    if (tradingClasses && !tradingClasses.includes(tradingClass)) continue
    for (const expiration of expirations) {
      const expiry = isoDate(expiration)
      if (expiry && expiry >= from && expiry <= to) wanted.set(`${expiry} ${tradingClass}`, { tradingClass, expiry })
    }
  }
  const options = new Map<string, OptionContract>()
  const inOrder = [...wanted.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, query]) => query)
  await Promise.all(
    inOrder.map(async ({ tradingClass, expiry }) => {
      const details = await orNone(
        link.contractDetails({
          symbol: stock.symbol,
          secType: SecType.OPT,
          lastTradeDateOrContractMonth: compactDate(expiry),
          exchange: 'SMART',
          currency: stock.currency,
          tradingClass,
        }),
      )
      for (const detail of details) {
        const option = optionFromDetails(detail, await grids.of(detail))
        if (option) options.set(contractKey(option), option)
      }
    }),
  )
  return [...options.values()]
}

/** "No security definition has been found" is an answer: nothing. */
async function orNone<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof RequestError && error.ibCode === NO_DEFINITION) return []
    throw error
  }
}
