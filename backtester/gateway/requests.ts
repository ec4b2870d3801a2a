/**
 * What clients ask: the fields of a message become a typed request. Unset numbers may come as an empty field, `0`, `0.0` or
 * the largest double. Fields behind the ones known here are ignored, as newer clients add some.
 */

import type { Right } from '../../market/contract.ts'
import { Code, NO_REQUEST } from './codes.ts'

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

export type Request =
  | { type: 'start-api'; clientId: number }
  | { type: 'current-time' }
  | { type: 'contract-details'; reqId: number; query: ContractQuery }
  | { type: 'option-chain'; reqId: number; symbol: string; futFopExchange: string; secType: string; conId: number }
  | { type: 'market-data-type' }
  | { type: 'market-data'; reqId: number; query: ContractQuery; snapshot: boolean }
  | { type: 'cancel-market-data'; reqId: number }
  | { type: 'positions' }
  | { type: 'not-served'; reqId: number; name: string }

/** A request that is answered with an error message; the connection goes on. */
export class RequestError extends Error {
  readonly code: number
  readonly reqId: number

  constructor(code: number, reqId: number, message: string) {
    super(message)
    this.code = code
    this.reqId = reqId
  }
}

const INT32_MAX = 0x7fffffff
const INTEGER = /^-?\d{1,10}$/
const DECIMAL = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const EXPIRY = /^(\d{6}|\d{8})?$/
const RIGHTS = new Map<string, Right | undefined>([
  ['', undefined],
  ['0', undefined],
  ['?', undefined],
  ['C', 'C'],
  ['CALL', 'C'],
  ['P', 'P'],
  ['PUT', 'P'],
])

/** Requests of IB that this gateway refuses, with the position of their request id where they carry one. */
const NOT_SERVED = new Map<number, [name: string, idAt?: number]>([
  [3, ['placeOrder', 1]],
  [4, ['cancelOrder', 1]],
  [5, ['reqOpenOrders']],
  [6, ['reqAccountUpdates']],
  [7, ['reqExecutions', 2]],
  [8, ['reqIds']],
  [10, ['reqMktDepth', 2]],
  [11, ['cancelMktDepth', 2]],
  [12, ['reqNewsBulletins']],
  [13, ['cancelNewsBulletins']],
  [14, ['setServerLogLevel']],
  [15, ['reqAutoOpenOrders']],
  [16, ['reqAllOpenOrders']],
  [17, ['reqManagedAccts']],
  [18, ['requestFA']],
  [19, ['replaceFA']],
  [20, ['reqHistoricalData', 1]],
  [21, ['exerciseOptions', 2]],
  [22, ['reqScannerSubscription', 1]],
  [23, ['cancelScannerSubscription', 2]],
  [24, ['reqScannerParameters']],
  [25, ['cancelHistoricalData', 2]],
  [50, ['reqRealTimeBars', 2]],
  [51, ['cancelRealTimeBars', 2]],
  [52, ['reqFundamentalData', 2]],
  [53, ['cancelFundamentalData', 2]],
  [54, ['calculateImpliedVolatility', 2]],
  [55, ['calculateOptionPrice', 2]],
  [56, ['cancelCalculateImpliedVolatility', 2]],
  [57, ['cancelCalculateOptionPrice', 2]],
  [58, ['reqGlobalCancel']],
  [62, ['reqAccountSummary', 2]],
  [63, ['cancelAccountSummary', 2]],
  [64, ['cancelPositions']],
  [67, ['queryDisplayGroups', 2]],
  [68, ['subscribeToGroupEvents', 2]],
  [69, ['updateDisplayGroup', 2]],
  [70, ['unsubscribeFromGroupEvents', 2]],
  [74, ['reqPositionsMulti', 2]],
  [75, ['cancelPositionsMulti', 2]],
  [76, ['reqAccountUpdatesMulti', 2]],
  [77, ['cancelAccountUpdatesMulti', 2]],
  [79, ['reqSoftDollarTiers', 1]],
  [80, ['reqFamilyCodes']],
  [81, ['reqMatchingSymbols', 1]],
  [82, ['reqMktDepthExchanges']],
  [83, ['reqSmartComponents', 1]],
  [84, ['reqNewsArticle', 1]],
  [85, ['reqNewsProviders']],
  [86, ['reqHistoricalNews', 1]],
  [87, ['reqHeadTimestamp', 1]],
  [88, ['reqHistogramData', 1]],
  [89, ['cancelHistogramData', 1]],
  [90, ['cancelHeadTimestamp', 1]],
  [91, ['reqMarketRule']],
  [92, ['reqPnL', 1]],
  [93, ['cancelPnL', 1]],
  [94, ['reqPnLSingle', 1]],
  [95, ['cancelPnLSingle', 1]],
  [96, ['reqHistoricalTicks', 1]],
  [97, ['reqTickByTickData', 1]],
  [98, ['cancelTickByTickData', 1]],
  [99, ['reqCompletedOrders']],
  [100, ['reqWshMetaData', 1]],
  [101, ['cancelWshMetaData', 1]],
  [102, ['reqWshEventData', 1]],
  [103, ['cancelWshEventData', 1]],
  [104, ['reqUserInfo', 1]],
])

/**
 * Reads one message.
 *
 * @throws RequestError 320 when it is none that IB knows or a field is missing or unreadable, 321 when a value makes no sense.
 */
export function decodeRequest(fields: readonly string[]): Request {
  const reader = new FieldReader(fields)
  const id = reader.integer('message id')
  switch (id) {
    case 1: {
      reader.skip('version')
      const reqId = reader.reqId()
      const query = readContract(reader)
      if (query.secType === 'BAG') throw new RequestError(Code.invalidRequest, reqId, 'Combination orders (BAG) are not on a tape')
      if (reader.flag('deltaNeutral')) for (const name of ['conId', 'delta', 'price']) reader.skip(`deltaNeutral ${name}`)
      reader.skip('genericTickList')
      const snapshot = reader.flag('snapshot')
      const regulatorySnapshot = reader.flag('regulatorySnapshot')
      return { type: 'market-data', reqId, query, snapshot: snapshot || regulatorySnapshot }
    }
    case 2:
      reader.skip('version')
      return { type: 'cancel-market-data', reqId: reader.reqId() }
    case 9: {
      reader.skip('version')
      const reqId = reader.reqId()
      const query = readContract(reader)
      reader.skip('includeExpired')
      if (reader.text('secIdType') !== '' || reader.text('secId') !== '')
        throw new RequestError(Code.unknownContract, reqId, 'A tape knows no ISIN, CUSIP or other security id: ask by symbol or conId')
      return { type: 'contract-details', reqId, query }
    }
    case 49:
      return { type: 'current-time' }
    case 59: {
      reader.skip('version')
      const type = reader.integer('marketDataType')
      if (type < 1 || type > 4)
        throw new RequestError(Code.invalidRequest, NO_REQUEST, `Expected a market data type of 1 to 4, found ${type}`)
      return { type: 'market-data-type' }
    }
    case 61:
      return { type: 'positions' }
    case 71:
      reader.skip('version')
      return { type: 'start-api', clientId: reader.integer('clientId') }
    case 78:
      return {
        type: 'option-chain',
        reqId: reader.reqId(),
        symbol: reader.text('underlyingSymbol'),
        futFopExchange: reader.text('futFopExchange'),
        secType: reader.text('underlyingSecType'),
        conId: reader.integer('underlyingConId'),
      }
    default: {
      const [name, idAt] = NOT_SERVED.get(id) ?? []
      if (!name) throw new RequestError(Code.badRequest, NO_REQUEST, `Expected a message id of IB's protocol, found ${id}`)
      const reqId = Number(idAt === undefined ? Number.NaN : fields[idAt])
      return { type: 'not-served', reqId: Number.isInteger(reqId) && Math.abs(reqId) <= INT32_MAX ? reqId : NO_REQUEST, name }
    }
  }
}

function readContract(reader: FieldReader): ContractQuery {
  const conId = reader.decimal('conId')
  const symbol = reader.text('symbol')
  const secType = reader.text('secType').toUpperCase()
  const expiry = reader.text('lastTradeDateOrContractMonth')
  if (!EXPIRY.test(expiry)) throw reader.invalid('lastTradeDateOrContractMonth', 'YYYYMMDD or YYYYMM', expiry)
  const strike = reader.decimal('strike')
  const rightText = reader.text('right').toUpperCase()
  if (!RIGHTS.has(rightText)) throw reader.invalid('right', 'C or P', rightText)
  const multiplier = reader.decimal('multiplier')
  const exchange = reader.text('exchange').toUpperCase()
  reader.skip('primaryExchange')
  return {
    conId,
    symbol,
    secType,
    expiry,
    strike,
    right: RIGHTS.get(rightText),
    multiplier,
    exchange,
    currency: reader.text('currency').toUpperCase(),
    localSymbol: reader.text('localSymbol'),
    tradingClass: reader.text('tradingClass'),
  }
}

/** Hands out fields in order; its errors name the field and, once known, the request. */
class FieldReader {
  readonly #fields: readonly string[]
  #at = 0
  #reqId = NO_REQUEST

  constructor(fields: readonly string[]) {
    this.#fields = fields
  }

  text(name: string): string {
    const field = this.#fields[this.#at++]
    if (field === undefined)
      throw new RequestError(Code.badRequest, this.#reqId, `Field ${this.#at} (${name}) of message ${this.#fields[0]} is missing`)
    return field
  }

  skip(name: string): void {
    this.text(name)
  }

  integer(name: string): number {
    const text = this.text(name)
    const value = Number(text)
    if (!INTEGER.test(text) || Math.abs(value) > INT32_MAX) throw this.#unreadable(name, 'a whole number of 32 bits', text)
    return value
  }

  reqId(): number {
    this.#reqId = this.integer('request id')
    return this.#reqId
  }

  /** A number, or undefined when it is unset. */
  decimal(name: string): number | undefined {
    const text = this.text(name)
    if (text === '') return undefined
    const value = Number(text)
    if (!DECIMAL.test(text) || !Number.isFinite(value)) throw this.#unreadable(name, 'a number', text)
    return value === 0 || value === Number.MAX_VALUE || value === INT32_MAX ? undefined : value
  }

  flag(name: string): boolean {
    const text = this.text(name).toLowerCase()
    if (!['', '0', '1', 'false', 'true'].includes(text)) throw this.#unreadable(name, '0 or 1', text)
    return text === '1' || text === 'true'
  }

  invalid(name: string, expected: string, found: string): RequestError {
    return this.#error(Code.invalidRequest, name, expected, found)
  }

  #unreadable(name: string, expected: string, found: string): RequestError {
    return this.#error(Code.badRequest, name, expected, found)
  }

  #error(code: number, name: string, expected: string, found: string): RequestError {
    return new RequestError(
      code,
      this.#reqId,
      `Field ${this.#at} (${name}) of message ${this.#fields[0]}: expected ${expected}, found ${JSON.stringify(found.slice(0, 40))}`,
    )
  }
}
