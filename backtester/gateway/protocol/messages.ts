/**
 * Every message the gateway sends, at the server versions it serves. Field orders are those of IB's own protocol;
 * where a version changed one, the number stands beside it.
 */

import type { ContractDetails, OptionChain } from './contract-fields.ts'
import { encodeFields, type FrameWriter } from './wire.ts'

/** Below 166 errors lack their last field, below 164 contract details have another shape. */
export const MIN_SERVER_VERSION = 166
/** From 194 on errors change again, from 201 on messages are protobuf. */
export const MAX_SERVER_VERSION = 193

const LAST_TRADE_DATE_VERSION = 182
const INELIGIBILITY_VERSION = 186

const Message = {
  tickPrice: 1,
  tickSize: 2,
  error: 4,
  nextValidId: 9,
  contractData: 10,
  managedAccounts: 15,
  historicalData: 17,
  optionComputation: 21,
  tickGeneric: 45,
  tickString: 46,
  currentTime: 49,
  contractDataEnd: 52,
  tickSnapshotEnd: 57,
  marketDataType: 58,
  positionEnd: 62,
  optionParameter: 75,
  optionParameterEnd: 76,
  tickReqParams: 81,
  historicalUpdate: 90,
  marketRule: 93,
  historicalMidpoints: 96,
  historicalQuotes: 97,
  historicalTrades: 98,
  tickByTick: 99,
} as const

const BID_ASK_TICK = 3
const MIDPOINT_TICK = 4
const DONE = 1
/** The attribute of an option computation: from prices, not from returns. */
const PRICE_BASED = 1

/** The key under which the venues of a line are asked for, see reqSmartComponents. */
export const BBO_EXCHANGE = '9c0001'

/** The price of an empty side, whose size is 0. */
export const EMPTY_PRICE = -1

/** A side of a quote that is empty has price -1 and size 0. */
export interface QuoteFields {
  bidPrice: number
  askPrice: number
  /** NaN: not known. */
  bidSize: number
  askSize: number
  /** Past a limit: bit 0 the bid and bit 1 the ask of a live quote, the other way round of a historical one. */
  mask: number
}

export interface TradeFields {
  price: number
  size: number
  /** Bit 0 past a limit, bit 1 unreported. */
  mask: number
  venue: string
  conditions: string
}

export interface DatedBar {
  date: string
  open: number
  high: number
  low: number
  close: number
  volume: number
  wap: number
  count: number
}

/** Units as IB's: theta per day, vega per point of volatility. Absent: not known. */
export interface OptionFigures {
  impliedVolatility?: number | undefined
  delta?: number | undefined
  optionPrice?: number | undefined
  pvDividend?: number | undefined
  gamma?: number | undefined
  vega?: number | undefined
  theta?: number | undefined
  underlyingPrice?: number | undefined
}

/** `time` as `YYYYMMDD HH:MM:SS zone`. */
export function writeServerVersion(writer: FrameWriter, version: number, time: string): void {
  writer.message([version, time])
}

export function writeManagedAccounts(writer: FrameWriter, accounts: string): void {
  writer.message([Message.managedAccounts, 1, accounts])
}

export function writeNextValidId(writer: FrameWriter, orderId: number): void {
  writer.message([Message.nextValidId, 1, orderId])
}

/** `time` in seconds as the answer to a request; in microseconds when the gateway publishes tape time of its own accord. */
export function writeCurrentTime(writer: FrameWriter, time: number): void {
  writer.message([Message.currentTime, 1, time])
}

export function writeError(writer: FrameWriter, id: number, code: number, text: string): void {
  writer.message([Message.error, 2, id, code, asciiText(text), ''])
}

export function writeMarketDataType(writer: FrameWriter, reqId: number, type: number): void {
  writer.message([Message.marketDataType, 1, reqId, type])
}

/** Price step, the code under which smart components are asked for, and what a snapshot may cost (3: nothing needed). */
export function writeTickReqParams(writer: FrameWriter, reqId: number, minTick: number): void {
  writer.message([Message.tickReqParams, reqId, minTick, BBO_EXCHANGE, 3])
}

/** `mask`: bit 0 can be executed against, bit 1 past a limit, bit 2 before the opening. A size of NaN is not known. */
export function writeTickPrice(writer: FrameWriter, reqId: number, tickType: number, price: number, size: number, mask: number): void {
  writer.begin()
  writer.number(Message.tickPrice)
  writer.number(6)
  writer.number(reqId)
  writer.number(tickType)
  writer.number(price)
  writer.numberOrUnset(size)
  writer.number(mask)
  writer.end()
}

/** A size of NaN is not known. */
export function writeTickSize(writer: FrameWriter, reqId: number, tickType: number, size: number): void {
  writer.begin()
  writer.number(Message.tickSize)
  writer.number(6)
  writer.number(reqId)
  writer.number(tickType)
  writer.numberOrUnset(size)
  writer.end()
}

/** What the messages of one side of a line's quote begin with. They are most of what is sent, so that it is encoded once. */
export interface SideHead {
  readonly price: Uint8Array
  readonly size: Uint8Array
}

export function sideHead(reqId: number, priceType: number, sizeType: number): SideHead {
  return { price: encodeFields([Message.tickPrice, 6, reqId, priceType]), size: encodeFields([Message.tickSize, 6, reqId, sizeType]) }
}

/** As `writeTickPrice`, for a side of the quote. */
export function writeSidePrice(writer: FrameWriter, head: SideHead, price: number, size: number, mask: number): void {
  writer.begin()
  writer.fields(head.price)
  writer.number(price)
  writer.numberOrUnset(size)
  writer.number(mask)
  writer.end()
}

/** As `writeTickSize`, for a side of the quote. */
export function writeSideSize(writer: FrameWriter, head: SideHead, size: number): void {
  writer.begin()
  writer.fields(head.size)
  writer.numberOrUnset(size)
  writer.end()
}

export function writeTickGeneric(writer: FrameWriter, reqId: number, tickType: number, value: number): void {
  writer.message([Message.tickGeneric, 6, reqId, tickType, value])
}

export function writeTickString(writer: FrameWriter, reqId: number, tickType: number, text: string): void {
  writer.message([Message.tickString, 6, reqId, tickType, text])
}

/** What an option model says, with IB's sentinels for what is not known: clients expect eight numbers. */
export function writeOptionComputation(writer: FrameWriter, reqId: number, tickType: number, greeks: OptionFigures): void {
  const { impliedVolatility, delta, optionPrice, pvDividend, gamma, vega, theta, underlyingPrice } = greeks
  const head = [Message.optionComputation, reqId, tickType, PRICE_BASED]
  const or = (value: number | undefined, sentinel: number) => (value !== undefined && Number.isFinite(value) ? value : sentinel)
  const first = [or(impliedVolatility, -1), or(delta, -2), or(optionPrice, -1), or(pvDividend, -1)]
  writer.message([...head, ...first, or(gamma, -2), or(vega, -2), or(theta, -2), or(underlyingPrice, -1)])
}

export function writeSnapshotEnd(writer: FrameWriter, reqId: number): void {
  writer.message([Message.tickSnapshotEnd, 1, reqId])
}

/** `kind`: 1 Last, 2 AllLast. `seconds` since 1970; `mask`: bit 0 past a limit, bit 1 unreported. */
export function writeTradeTick(writer: FrameWriter, reqId: number, kind: 1 | 2, seconds: number, trade: TradeFields): void {
  const { price, size, mask, venue, conditions } = trade
  writer.message([Message.tickByTick, reqId, kind, seconds, price, size, mask, venue, conditions])
}

/** What the tick-by-tick quotes of a line begin with. */
export function quoteTickHead(reqId: number): Uint8Array {
  return encodeFields([Message.tickByTick, reqId, BID_ASK_TICK])
}

export function writeQuoteTick(writer: FrameWriter, head: Uint8Array, seconds: number, quote: QuoteFields): void {
  writer.begin()
  writer.fields(head)
  writer.number(seconds)
  writer.number(quote.bidPrice)
  writer.number(quote.askPrice)
  writer.numberOrUnset(quote.bidSize)
  writer.numberOrUnset(quote.askSize)
  writer.number(quote.mask)
  writer.end()
}

export function writeMidpointTick(writer: FrameWriter, reqId: number, seconds: number, price: number): void {
  writer.message([Message.tickByTick, reqId, MIDPOINT_TICK, seconds, price])
}

/** One answer holds all its ticks and is the last one. */
export function writeHistoricalTrades(writer: FrameWriter, reqId: number, trades: readonly (TradeFields & { seconds: number })[]): void {
  const fields = trades.flatMap(({ seconds, mask, price, size, venue, conditions }) => [seconds, mask, price, size, venue, conditions])
  writer.message([Message.historicalTrades, reqId, trades.length, ...fields, DONE])
}

export function writeHistoricalQuotes(writer: FrameWriter, reqId: number, quotes: readonly (QuoteFields & { seconds: number })[]): void {
  const fields = quotes.flatMap(({ seconds, mask, bidPrice, askPrice, bidSize, askSize }) => [
    seconds,
    mask,
    bidPrice,
    askPrice,
    bidSize,
    askSize,
  ])
  writer.message([Message.historicalQuotes, reqId, quotes.length, ...fields, DONE])
}

export function writeHistoricalMidpoints(writer: FrameWriter, reqId: number, mids: readonly { seconds: number; price: number }[]): void {
  const [unused, size] = [0, 0]
  const fields = mids.flatMap(({ seconds, price }) => [seconds, unused, price, size])
  writer.message([Message.historicalMidpoints, reqId, mids.length, ...fields, DONE])
}

/** Dates as the client wants them. Up to server version 195 the answer names its own start and end. */
export function writeHistoricalData(writer: FrameWriter, reqId: number, start: string, end: string, bars: readonly DatedBar[]): void {
  const fields = bars.flatMap(({ date, open, high, low, close, volume, wap, count }) => [date, open, high, low, close, volume, wap, count])
  writer.message([Message.historicalData, reqId, start, end, bars.length, ...fields])
}

/** A bar of data that is kept up to date, as it stands. */
export function writeHistoricalUpdate(writer: FrameWriter, reqId: number, bar: DatedBar): void {
  const { date, open, high, low, close, volume, wap, count } = bar
  writer.message([Message.historicalUpdate, reqId, count, date, open, close, high, low, wap, volume])
}

/** The price steps of one rule: from `lowEdge` on, `increment`. */
export function writeMarketRule(writer: FrameWriter, id: number, steps: readonly (readonly [lowEdge: number, increment: number])[]): void {
  writer.message([Message.marketRule, id, steps.length, ...steps.flat()])
}

/** A message without content for us, as its bare fields. */
export function writeEmptyAnswer(writer: FrameWriter, fields: readonly (string | number)[]): void {
  writer.message(fields)
}

export function writePositionEnd(writer: FrameWriter): void {
  writer.message([Message.positionEnd, 1])
}

export function writeOptionChain(writer: FrameWriter, reqId: number, exchange: string, chain: OptionChain): void {
  const { underConId, tradingClass, multiplier, expirations, strikes } = chain
  const head = [Message.optionParameter, reqId, exchange, underConId, tradingClass, multiplier]
  writer.message([...head, expirations.length, ...expirations, strikes.length, ...strikes])
}

export function writeOptionChainEnd(writer: FrameWriter, reqId: number): void {
  writer.message([Message.optionParameterEnd, reqId])
}

export function writeContractData(writer: FrameWriter, reqId: number, details: ContractDetails, serverVersion: number): void {
  const d = details
  const fields = [Message.contractData, reqId, d.symbol, d.secType, d.expiry]
  if (serverVersion >= LAST_TRADE_DATE_VERSION) fields.push(d.lastTradeDate)
  fields.push(d.strike, d.right, d.exchange, d.currency, d.localSymbol, d.marketName, d.tradingClass, d.conId, d.minTick, d.multiplier)
  fields.push(d.orderTypes, d.validExchanges, d.priceMagnifier, d.underConId, asciiText(d.longName), d.primaryExchange, d.contractMonth)
  fields.push(d.industry, d.category, d.subcategory, d.timeZoneId, d.tradingHours, d.liquidHours)
  const [evRule, evMultiplier, secIds] = ['', '', 0]
  fields.push(evRule, evMultiplier, secIds, d.aggGroup, d.underSymbol, d.underSecType, d.marketRuleIds, d.realExpirationDate, d.stockType)
  fields.push(d.minSize, d.sizeIncrement, d.suggestedSizeIncrement)
  const ineligibilityReasons = 0
  if (serverVersion >= INELIGIBILITY_VERSION) fields.push(ineligibilityReasons)
  writer.message(fields)
}

export function writeContractDataEnd(writer: FrameWriter, reqId: number): void {
  writer.message([Message.contractDataEnd, 1, reqId])
}

/** Since server version 153 long names and messages come as ASCII, anything else as `\uXXXX`. */
export function asciiText(text: string): string {
  return text.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
