/** IB's contracts and ours. */

import { type ContractDetails, type Contract as IbContract, OptionType, SecType } from '@stoqey/ib'

import type { Contract, IndexContract, OptionContract, PriceStep, StockContract } from '../../../market/contract.ts'
import { hoursOf } from './listed-hours.ts'

/** Everything goes through IB's router unless a contract says otherwise. */
export const SMART = 'SMART'

/** The request form of a contract. */
export function toIbContract(contract: Contract): IbContract {
  const common: IbContract = {
    symbol: contract.symbol,
    currency: contract.currency,
    exchange: 'venue' in contract ? contract.venue : SMART,
    ...(contract.conId !== undefined && { conId: contract.conId }),
  }
  switch (contract.kind) {
    case 'stock':
      return { ...common, secType: SecType.STK, ...(contract.primaryVenue && { primaryExch: contract.primaryVenue }) }
    case 'index':
      return { ...common, secType: SecType.IND }
    case 'future':
      return {
        ...common,
        secType: SecType.FUT,
        lastTradeDateOrContractMonth: compactDate(contract.expiry),
        multiplier: contract.multiplier,
        tradingClass: contract.tradingClass,
      }
    case 'option':
      return {
        ...common,
        secType: SecType.OPT,
        lastTradeDateOrContractMonth: compactDate(listedDate(contract)),
        strike: contract.strike,
        right: contract.right === 'C' ? OptionType.Call : OptionType.Put,
        multiplier: contract.multiplier,
        tradingClass: contract.tradingClass,
      }
  }
}

/** IB's number of the rule for prices sent through the router; of the first venue where the router is none. */
export function marketRuleOf({ validExchanges = '', marketRuleIds = '' }: ContractDetails): number | undefined {
  // The two lists go side by side.
  const ids = marketRuleIds.split(',')
  return Number(ids[validExchanges.split(',').indexOf(SMART)] ?? ids[0]) || undefined
}

export function stockFromDetails(details: ContractDetails, priceGrid?: readonly PriceStep[]): StockContract | undefined {
  const { contract } = details
  if (!contract.symbol || contract.secType !== SecType.STK) return undefined
  return {
    kind: 'stock',
    symbol: contract.symbol,
    currency: contract.currency ?? 'USD',
    ...(contract.primaryExch && { primaryVenue: contract.primaryExch }),
    ...(contract.conId && { conId: contract.conId }),
    ...(priceGrid && { priceGrid }),
    ...hoursOf(details),
  }
}

export function indexFromDetails(details: ContractDetails): IndexContract | undefined {
  const { contract } = details
  const { symbol, exchange, conId } = contract
  if (!symbol || !exchange || contract.secType !== SecType.IND) return undefined
  return { kind: 'index', symbol, currency: contract.currency ?? 'USD', venue: exchange, ...(conId && { conId }), ...hoursOf(details) }
}

/**
 * Undefined when IB left out what makes an option. IB lists one that is settled at the opening (SPX, VIX) under its last day of trading,
 * and names the day after as its real expiration.
 */
export function optionFromDetails(details: ContractDetails, priceGrid?: readonly PriceStep[]): OptionContract | undefined {
  const { contract } = details
  const { symbol, strike, conId, right } = contract
  const listed = isoDate(contract.lastTradeDateOrContractMonth)
  if (!symbol || contract.secType !== SecType.OPT || !listed || !strike || !right) return undefined
  const expiration = isoDate(details.realExpirationDate)
  const expiry = expiration && expiration > listed ? expiration : listed
  const lastTradeDate = isoDate(contract.lastTradeDate) ?? listed
  return {
    kind: 'option',
    symbol,
    currency: contract.currency ?? 'USD',
    expiry,
    ...(lastTradeDate && lastTradeDate !== expiry && { lastTradeDate }),
    strike,
    right: right === OptionType.Call ? 'C' : 'P',
    multiplier: contract.multiplier || 100,
    tradingClass: contract.tradingClass || symbol,
    ...(conId && { conId }),
    ...(priceGrid && { priceGrid }),
    ...hoursOf(details),
  }
}

/**
 * The date under which IB knows the option: its last day of trading, but for the monthly ones listed before 2015, which IB listed under
 * the Saturday of their expiry.
 */
function listedDate({ expiry, lastTradeDate = expiry }: OptionContract): string {
  const isSaturday = new Date(`${expiry}T00:00:00Z`).getUTCDay() === 6
  return isSaturday ? expiry : lastTradeDate
}

/** `2014-06-21` -> `20140621`. */
export function compactDate(date: string): string {
  return date.replaceAll('-', '')
}

/** `20140621` (and what may follow it) -> `2014-06-21`; undefined for anything else. */
export function isoDate(text: string | undefined): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(?!\d)/.exec(text ?? '')
  return match ? `${match[1]}-${match[2]}-${match[3]}` : undefined
}
