/** Finds an underlying, and reads IB's "no security definition" as the absence of an answer. Its chain is found by chain-search.ts. */

import { type ContractDetails, SecType } from '@stoqey/ib'

import type { IndexContract, StockContract } from '../../../market/contract.ts'
import { NO_DEFINITION } from '../codes.ts'
import type { Link } from '../link/link.ts'
import { RequestError } from '../link/requests.ts'
import { indexFromDetails, SMART, stockFromDetails } from './map-contract.ts'
import type { PriceGrids } from './price-grids.ts'

export interface UnderlyingQuery {
  symbol: string
  /** A stock when absent. */
  kind?: 'stock' | 'index' | undefined
  currency: string
  exchange: string
  primaryExchange?: string | undefined
}

/** Returns the stock or index, or undefined when the gateway says that it knows none of that name. */
export async function findUnderlying(
  link: Pick<Link, 'contractDetails'>,
  grids: PriceGrids,
  query: UnderlyingQuery,
): Promise<StockContract | IndexContract | undefined> {
  for (const detail of (await underlyingDetails(link, query)) ?? []) {
    const found = underlyingFrom(detail, query)
    const priceGrid = found && (await grids.of(detail))
    if (found) return priceGrid ? { ...found, priceGrid } : found
  }
  return undefined
}

/** The details of every contract that a query fits; undefined when the gateway knows none. */
export function underlyingDetails(
  link: Pick<Link, 'contractDetails'>,
  { symbol, kind, currency, exchange, primaryExchange }: UnderlyingQuery,
): Promise<ContractDetails[] | undefined> {
  // An index is not routed: without its own venue, any.
  const venue = kind === 'index' && exchange === SMART ? {} : { exchange }
  const listing = primaryExchange && { primaryExch: primaryExchange }
  return orNone(link.contractDetails({ symbol, currency, secType: kind === 'index' ? SecType.IND : SecType.STK, ...venue, ...listing }))
}

export function underlyingFrom(details: ContractDetails, { kind }: UnderlyingQuery): StockContract | IndexContract | undefined {
  return kind === 'index' ? indexFromDetails(details) : stockFromDetails(details)
}

/** Undefined for "no security definition has been found": there is none, or IB's server for definitions did not answer in time. */
export async function orNone<T>(answer: Promise<T[]>): Promise<T[] | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof RequestError && error.ibCode === NO_DEFINITION) return undefined
    throw error
  }
}
