/**
 * The contracts of a tape as a broker would list them. What a tape does not know (a number, a local symbol) is invented from
 * the contract's key, so that every gateway gives the same contract the same number, and one that the tape does know is kept.
 */

import { nyse } from '../../../market/calendar/calendar.ts'
import { type Contract, contractKey, describeContract } from '../../../market/contract.ts'
import { TapedeckError } from '../../../market/errors.ts'
import { indexNamed } from '../../../market/indices.ts'
import { occSymbol } from '../../../market/occ.ts'
import { Code, NO_REQUEST } from '../protocol/codes.ts'
import { RequestError } from '../protocol/field-reader.ts'
import { type ContractHours, HoursBook } from './contract-hours.ts'
import { type MarketRule, MarketRules } from './market-rules.ts'
import { primaryExchangeOf } from './names.ts'
import { SMART, venuesOf } from './venues.ts'
import type { ContractQuery, OptionChain, SecType } from '../protocol/contract-fields.ts'

/** A contract with the names a client of IB asks for it by. Dates are `YYYYMMDD`, empty where there is none. */
export interface ListedContract {
  readonly contract: Contract
  readonly secType: SecType
  readonly conId: number
  /** 0 when nothing is underlying. */
  readonly underConId: number
  /** Where it is listed unless a client names another of its venues. */
  readonly exchange: string
  readonly venues: readonly string[]
  /** Of a stock; empty where it is not known. */
  readonly primaryExchange: string
  readonly localSymbol: string
  readonly tradingClass: string
  /** As on the tape: monthly options before 2015 carry a Saturday. Clients see `lastTradeDate` for it, as IB shows it. */
  readonly expiry: string
  readonly lastTradeDate: string
  /** The day on which it appears first on the tape; empty where that is not known. */
  readonly listedFrom: string
  /** How its prices move. */
  readonly rule: MarketRule
  /** When it trades. */
  readonly hours: ContractHours
}

const SEC_TYPES = { stock: 'STK', index: 'IND', future: 'FUT', option: 'OPT' } as const
const FUTURE_MONTHS = 'FGHJKMNQUVXZ'

export class ContractBook {
  readonly rules = new MarketRules()
  readonly #hours = new HoursBook()
  readonly #byKey = new Map<string, ListedContract>()
  readonly #byConId = new Map<number, ListedContract>()
  readonly #bySymbol = new Map<string, ListedContract[]>()
  readonly #byLocalSymbol = new Map<string, ListedContract>()

  /**
   * Options whose underlying is not among the contracts get it listed, since their chain is asked for by its number: as an index where one
   * of the name is known, else as a stock.
   *
   * @param sinceUs when each appears first, by its key; absent: it was always there
   */
  constructor(contracts: Iterable<Contract>, sinceUs: ReadonlyMap<string, number> = new Map()) {
    const known = new Map<string, Contract>()
    for (const contract of contracts) known.set(contractKey(contract), contract)
    const underlyings = underlyingsOf(known)
    const conIds = conIdsOf(known)
    for (const [key, contract] of [...known].toSorted(([, a], [, b]) => compareContracts(a, b))) {
      const underKey = contract.kind === 'option' ? (underlyings.get(`${contract.symbol}:${contract.currency}`) ?? '') : ''
      const numbers = { conId: conIds.get(key) ?? 0, underConId: conIds.get(underKey) ?? 0 }
      const shared = { rule: this.rules.of(contract), hours: this.#hours.of(contract), listedFrom: dayOf(sinceUs.get(key)) }
      this.#add(key, list(contract, { ...numbers, ...shared }, known.get(underKey)))
    }
  }

  /** How it is listed. Throws a RangeError for a contract that is not in the book. */
  listed(contract: Contract): ListedContract {
    const listed = this.#byKey.get(contractKey(contract))
    if (!listed) throw new RangeError(`${describeContract(contract)} is not in the book`)
    return listed
  }

  /**
   * All contracts that fit and are listed, in the order of symbol, expiry, strike and right; none is no error.
   *
   * @param nowUs of that day; absent: of any
   * @throws RequestError 200 when the query names neither a number nor a symbol with its type. IB says 321 then, for which some clients
   * wait on.
   */
  find(query: ContractQuery, reqId = NO_REQUEST, nowUs?: number): ListedContract[] {
    const { conId, symbol, secType, localSymbol } = query
    const today = dayOf(nowUs)
    if (conId !== undefined) {
      const listed = this.byConId(conId)
      return listed && isAt(listed, query) && isListedOn(listed, today) ? [listed] : []
    }
    if (symbol === '' && localSymbol === '')
      throw new RequestError(Code.unknownContract, reqId, 'Please enter a symbol, a local symbol or a conId')
    if (secType === '') throw new RequestError(Code.unknownContract, reqId, 'Please enter a security type')
    const candidates = symbol === '' ? [this.#byLocalSymbol.get(localSymbol)] : (this.#bySymbol.get(symbol) ?? [])
    const fitting = candidates.filter((listed) => listed !== undefined).filter((listed) => fits(listed, query) && isListedOn(listed, today))
    const trading = fitting.filter(({ lastTradeDate }) => lastTradeDate.startsWith(query.expiry))
    // IB goes by the last trade date. Some clients know only the day of expiry: 2014's Saturdays, the morning on which SPX settles.
    return trading.length > 0 ? trading : fitting.filter(({ expiry }) => expiry.startsWith(query.expiry))
  }

  byConId(conId: number): ListedContract | undefined {
    return this.#byConId.get(conId)
  }

  /** Stocks and indices, in the order of their symbols. */
  underlyings(): ListedContract[] {
    return [...this.#byKey.values()].filter(({ secType }) => secType === 'STK' || secType === 'IND')
  }

  /**
   * The option chains on one underlying, one for each trading class and multiplier; none for an unknown number.
   *
   * @param nowUs of that day; absent: of all days
   */
  chainsOn(underConId: number, nowUs?: number): OptionChain[] {
    const today = dayOf(nowUs)
    const symbol = this.#byConId.get(underConId)?.contract.symbol ?? ''
    const chains = new Map<string, OptionChain>()
    for (const listed of this.#bySymbol.get(symbol) ?? []) {
      const { contract, tradingClass, lastTradeDate } = listed
      if (contract.kind !== 'option' || listed.underConId !== underConId || !isListedOn(listed, today)) continue
      const key = `${tradingClass}:${contract.multiplier}`
      const chain = chains.get(key) ?? { underConId, tradingClass, multiplier: contract.multiplier, expirations: [], strikes: [] }
      chains.set(key, chain)
      chain.expirations.push(lastTradeDate)
      chain.strikes.push(contract.strike)
    }
    return [...chains.values()].map((chain) => ({
      ...chain,
      expirations: [...new Set(chain.expirations)].toSorted(),
      strikes: [...new Set(chain.strikes)].toSorted((a, b) => a - b),
    }))
  }

  #add(key: string, listed: ListedContract): void {
    this.#byKey.set(key, listed)
    this.#byConId.set(listed.conId, listed)
    this.#byLocalSymbol.set(listed.localSymbol, listed)
    const { symbol } = listed.contract
    const sameSymbol = this.#bySymbol.get(symbol)
    if (sameSymbol) sameSymbol.push(listed)
    else this.#bySymbol.set(symbol, [listed])
  }
}

/** The key of what options on `symbol:currency` are written on; adds the stock or the index where the tape has none. */
function underlyingsOf(known: Map<string, Contract>): Map<string, string> {
  const underlyings = new Map<string, string>()
  for (const [key, { kind, symbol, currency }] of known) {
    const name = `${symbol}:${currency}`
    if (kind === 'stock' || (kind === 'index' && !underlyings.has(name))) underlyings.set(name, key)
  }
  for (const { kind, symbol, currency } of known.values()) {
    const name = `${symbol}:${currency}`
    if (kind !== 'option' || underlyings.has(name)) continue
    const underlying = indexNamed(symbol, currency) ?? ({ kind: 'stock', symbol, currency } as const)
    known.set(contractKey(underlying), underlying)
    underlyings.set(name, contractKey(underlying))
  }
  return underlyings
}

/** A number for each key: the tape's own first, then invented ones in the order of the keys, so that collisions fall out alike. */
function conIdsOf(contracts: ReadonlyMap<string, Contract>): Map<string, number> {
  const conIds = new Map<string, number>()
  const taken = new Set<number>()
  const keys = [...contracts.keys()].toSorted()
  for (const key of keys) {
    const conId = contracts.get(key)?.conId
    if (!conId || conId < 0 || taken.has(conId)) continue
    conIds.set(key, conId)
    taken.add(conId)
  }
  for (const key of keys) {
    if (conIds.has(key)) continue
    let conId = inventConId(key)
    while (taken.has(conId)) conId = (conId % 0x7fffffff) + 1
    conIds.set(key, conId)
    taken.add(conId)
  }
  return conIds
}

/** A positive number of 31 bits out of a contract's key: FNV-1a (Fowler, Noll, Vo). */
export function inventConId(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash & 0x7fffffff || 1
}

function list(
  contract: Contract,
  given: Pick<ListedContract, 'conId' | 'underConId' | 'rule' | 'hours' | 'listedFrom'>,
  underlying: Contract | undefined,
): ListedContract {
  const expires = contract.kind === 'option' || contract.kind === 'future'
  const primaryExchange = primaryExchangeOf(contract)
  return {
    contract,
    ...given,
    secType: SEC_TYPES[contract.kind],
    exchange: contract.kind === 'index' || contract.kind === 'future' ? contract.venue : SMART,
    venues: venuesOf(contract, primaryExchange, underlying),
    primaryExchange,
    localSymbol: localSymbolOf(contract),
    tradingClass: expires ? contract.tradingClass : contract.symbol,
    expiry: expires ? compact(contract.expiry) : '',
    lastTradeDate: expires ? compact(lastTradeDateOf(contract)) : '',
  }
}

function localSymbolOf(contract: Contract): string {
  switch (contract.kind) {
    case 'option':
      return orElse(() => occSymbol(contract), describeContract(contract))
    case 'future':
      return contract.tradingClass + FUTURE_MONTHS.charAt(Number(contract.expiry.slice(5, 7)) - 1) + contract.expiry.charAt(3)
    default:
      return contract.symbol
  }
}

function lastTradeDateOf(contract: Extract<Contract, { expiry: string }>): string {
  if (contract.kind === 'future') return contract.expiry
  return contract.lastTradeDate ?? orElse(() => nyse.lastTradeDateFor(contract.expiry), contract.expiry)
}

/** What the calendar or the symbology cannot say of an odd contract (a day before 1998, a root too long) keeps its plain form. */
function orElse(known: () => string, fallback: string): string {
  try {
    return known()
  } catch (error) {
    if (error instanceof TapedeckError) return fallback
    throw error
  }
}

/** Everything but the expiry. */
function fits(listed: ListedContract, query: ContractQuery): boolean {
  const { contract } = listed
  const strike = contract.kind === 'option' ? contract.strike : undefined
  const right = contract.kind === 'option' ? contract.right : undefined
  const multiplier = contract.kind === 'option' || contract.kind === 'future' ? contract.multiplier : 1
  return (
    listed.secType === query.secType &&
    (query.localSymbol === '' || query.localSymbol === listed.localSymbol) &&
    (query.tradingClass === '' || query.tradingClass === listed.tradingClass) &&
    (query.currency === '' || query.currency === contract.currency) &&
    (query.strike === undefined || query.strike === strike) &&
    (query.right === undefined || query.right === right) &&
    (query.multiplier === undefined || query.multiplier === multiplier) &&
    isAt(listed, query)
  )
}

/** An option is listed from the day on which the tape has it first to its last day of trading; anything else always. `today` empty: any day. */
function isListedOn({ secType, listedFrom, lastTradeDate }: ListedContract, today: string): boolean {
  return secType !== 'OPT' || today === '' || (listedFrom <= today && today <= lastTradeDate)
}

/** The day in New York, `YYYYMMDD`; empty for no time. */
function dayOf(tsUs: number | undefined): string {
  return tsUs === undefined ? '' : compact(nyse.zone.dateOf(tsUs))
}

/** True at each venue of the contract, and at none in particular. */
function isAt({ venues }: ListedContract, { exchange }: ContractQuery): boolean {
  return exchange === '' || exchange === SMART || venues.includes(exchange)
}

function compareContracts(a: Contract, b: Contract): number {
  if (a.kind === 'option' && b.kind === 'option') {
    const byName =
      compareText(a.symbol, b.symbol) || compareText(a.expiry, b.expiry) || a.strike - b.strike || compareText(a.right, b.right)
    if (byName !== 0) return byName
  }
  return compareText(contractKey(a), contractKey(b))
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function compact(date: string): string {
  return date.replaceAll('-', '')
}
