/**
 * What clients ask: the fields of a message become a typed request. Unset numbers may come as an empty field, `0`, `0.0` or
 * the largest double. Fields behind the ones known here are ignored, as newer clients add some.
 */

import type { Right } from '../../../market/contract.ts'
import { Code, NO_REQUEST } from './codes.ts'
import { FieldReader, RequestError } from './field-reader.ts'
import { EMPTY_ANSWERS, NOT_SERVED } from '../server/other-requests.ts'
import type { TickKind } from '../book/tick-line.ts'

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

export interface MarketDataRequest {
  type: 'market-data'
  reqId: number
  query: ContractQuery
  generics: ReadonlySet<number>
  snapshot: boolean
  /** A snapshot that IB charges for. */
  regulatorySnapshot: boolean
}

export interface TickByTickRequest {
  type: 'tick-by-tick'
  reqId: number
  query: ContractQuery
  kind: TickKind
  /** So many of the latest ticks are wanted ahead. */
  count: number
  ignoreSize: boolean
}

/** Times are as the client wrote them, empty when it left them out. */
export interface HistoricalTicksRequest {
  type: 'historical-ticks'
  reqId: number
  query: ContractQuery
  start: string
  end: string
  count: number
  whatToShow: string
  /** Only what happened in regular trading hours. */
  useRth: boolean
  ignoreSize: boolean
}

export interface HistoricalDataRequest {
  type: 'historical-data'
  reqId: number
  query: ContractQuery
  end: string
  barSize: string
  duration: string
  useRth: boolean
  whatToShow: string
  /** 1: dates as text, 2: as seconds since 1970. */
  formatDate: number
  keepUpToDate: boolean
}

export type Request =
  | { type: 'start-api'; clientId: number }
  | { type: 'current-time' }
  | { type: 'contract-details'; reqId: number; query: ContractQuery }
  | { type: 'option-chain'; reqId: number; symbol: string; futFopExchange: string; secType: string; conId: number }
  | { type: 'market-data-type'; dataType: number }
  | MarketDataRequest
  | { type: 'cancel-market-data'; reqId: number }
  | TickByTickRequest
  | { type: 'cancel-tick-by-tick'; reqId: number }
  | HistoricalTicksRequest
  | HistoricalDataRequest
  | { type: 'cancel-historical-data'; reqId: number }
  | { type: 'market-rule'; ruleId: number }
  | { type: 'positions' }
  /** Answered with these fields, or not at all. */
  | { type: 'empty'; fields: readonly (string | number)[] | undefined }
  | { type: 'not-served'; reqId: number; name: string }

const TICK_KINDS: readonly TickKind[] = ['Last', 'AllLast', 'BidAsk', 'MidPoint']
const INT32_MAX = 0x7fffffff
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
      const query = readTradable(reader, reqId)
      if (reader.flag('deltaNeutral')) for (const name of ['conId', 'delta', 'price']) reader.skip(`deltaNeutral ${name}`)
      const generics = new Set(
        reader
          .text('genericTickList')
          .split(/[,;]/)
          .map((name) => Number.parseInt(name, 10)),
      )
      // IB's numbers have three digits; a list of a million others shall not stay in memory.
      for (const generic of generics) if (!(generic > 0 && generic < 1000)) generics.delete(generic)
      const snapshot = reader.flag('snapshot')
      return { type: 'market-data', reqId, query, generics, snapshot, regulatorySnapshot: reader.flag('regulatorySnapshot') }
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
    case 20:
      return readHistoricalData(reader)
    case 25:
      reader.skip('version')
      return { type: 'cancel-historical-data', reqId: reader.reqId() }
    case 49:
      return { type: 'current-time' }
    case 59: {
      reader.skip('version')
      const type = reader.integer('marketDataType')
      if (type < 1 || type > 4)
        throw new RequestError(Code.invalidRequest, NO_REQUEST, `Expected a market data type of 1 to 4, found ${type}`)
      return { type: 'market-data-type', dataType: type }
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
    case 91:
      return { type: 'market-rule', ruleId: reader.integer('marketRuleId') }
    case 96:
      return readHistoricalTicks(reader)
    case 97:
      return readTickByTick(reader)
    case 98:
      return { type: 'cancel-tick-by-tick', reqId: reader.reqId() }
    default:
      return readOther(id, fields)
  }
}

function readOther(id: number, fields: readonly string[]): Request {
  const idOf = (at: number | undefined) => {
    const reqId = Number(at === undefined ? Number.NaN : fields[at])
    return Number.isInteger(reqId) && Math.abs(reqId) <= INT32_MAX ? reqId : NO_REQUEST
  }
  const empty = EMPTY_ANSWERS.get(id)
  if (empty) {
    const isCancel = empty.flagAt !== undefined && ['0', 'false'].includes(fields[empty.flagAt]?.toLowerCase() ?? '')
    if (isCancel) return { type: 'empty', fields: undefined }
    const answer = empty.fields && (empty.idAt === undefined ? empty.fields : [...empty.fields, idOf(empty.idAt)])
    return { type: 'empty', fields: answer }
  }
  const [name, idAt] = NOT_SERVED.get(id) ?? []
  if (!name) throw new RequestError(Code.badRequest, NO_REQUEST, `Expected a message id of IB's protocol, found ${id}`)
  return { type: 'not-served', reqId: idOf(idAt), name }
}

function readTickByTick(reader: FieldReader): TickByTickRequest {
  const reqId = reader.reqId()
  const query = readTradable(reader, reqId)
  const text = reader.text('tickType')
  const kind = TICK_KINDS.find((known) => known === text)
  if (!kind) throw reader.invalid('tickType', TICK_KINDS.join(', '), text)
  const count = reader.decimal('numberOfTicks') ?? 0
  if (!Number.isInteger(count) || count < 0) throw reader.invalid('numberOfTicks', 'a whole number', String(count))
  return { type: 'tick-by-tick', reqId, query, kind, count, ignoreSize: reader.flag('ignoreSize') }
}

function readHistoricalTicks(reader: FieldReader): HistoricalTicksRequest {
  const reqId = reader.reqId()
  const query = readTradable(reader, reqId)
  reader.skip('includeExpired')
  const [start, end] = [reader.text('startDateTime'), reader.text('endDateTime')]
  const count = reader.integer('numberOfTicks')
  const whatToShow = reader.text('whatToShow').toUpperCase()
  const useRth = reader.flag('useRth')
  return { type: 'historical-ticks', reqId, query, start, end, count, whatToShow, useRth, ignoreSize: reader.flag('ignoreSize') }
}

function readHistoricalData(reader: FieldReader): HistoricalDataRequest {
  const reqId = reader.reqId()
  const query = readTradable(reader, reqId)
  reader.skip('includeExpired')
  const [end, barSize, duration] = [reader.text('endDateTime'), reader.text('barSizeSetting'), reader.text('durationString')]
  const useRth = reader.flag('useRTH')
  const whatToShow = reader.text('whatToShow').toUpperCase()
  const formatDate = reader.integer('formatDate')
  const keepUpToDate = reader.flag('keepUpToDate')
  return { type: 'historical-data', reqId, query, end, barSize, duration, useRth, whatToShow, formatDate, keepUpToDate }
}

/** A contract that can be on a tape. */
function readTradable(reader: FieldReader, reqId: number): ContractQuery {
  const query = readContract(reader)
  if (query.secType === 'BAG') throw new RequestError(Code.invalidRequest, reqId, 'Combination orders (BAG) are not on a tape')
  return query
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
