/**
 * Every message the gateway sends, at the server versions it serves. Field orders are those of IB's own protocol;
 * where a version changed one, the number stands beside it.
 */

import type { ContractDetails } from './contract-details.ts'
import type { OptionChain } from './contracts.ts'
import type { FrameWriter } from './wire.ts'

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
  currentTime: 49,
  contractDataEnd: 52,
  marketDataType: 58,
  positionEnd: 62,
  optionParameter: 75,
  optionParameterEnd: 76,
  tickReqParams: 81,
} as const

export const TickType = { bidSize: 0, bid: 1, ask: 2, askSize: 3 } as const

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
  writer.message([Message.tickReqParams, reqId, minTick, '9c0001', 3])
}

/** `mask`: bit 0 can be executed against, bit 1 past a limit, bit 2 before the opening. */
export function writeTickPrice(writer: FrameWriter, reqId: number, tickType: number, price: number, size: number, mask: number): void {
  writer.begin()
  writer.number(Message.tickPrice)
  writer.number(6)
  writer.number(reqId)
  writer.number(tickType)
  writer.number(price)
  writer.number(size)
  writer.number(mask)
  writer.end()
}

export function writeTickSize(writer: FrameWriter, reqId: number, tickType: number, size: number): void {
  writer.begin()
  writer.number(Message.tickSize)
  writer.number(6)
  writer.number(reqId)
  writer.number(tickType)
  writer.number(size)
  writer.end()
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
function asciiText(text: string): string {
  return text.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
