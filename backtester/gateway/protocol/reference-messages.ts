/**
 * Messages that answer one request and are rare: reference data, statistics over the past, numbers of the account. Those of market data
 * are in messages.ts. Field orders are those of IB's own protocol; where a version changed one, the number stands beside it.
 */

import { asciiText } from './messages.ts'
import type { FrameWriter } from './wire.ts'

const DESCRIPTION_VERSION = 176

const Message = {
  accountValue: 6,
  accountUpdateTime: 8,
  realTimeBar: 50,
  accountDownloadEnd: 54,
  accountSummary: 63,
  accountSummaryEnd: 64,
  accountUpdateMulti: 73,
  accountUpdateMultiEnd: 74,
  symbolSamples: 79,
  smartComponents: 82,
  headTimestamp: 88,
  histogram: 89,
  historicalSchedule: 106,
} as const

/** One number of an account. `currency` is empty where the value is no money. */
export interface AccountValue {
  key: string
  value: string
  currency: string
}

/** A contract that fits what a client typed. */
export interface SymbolSample {
  conId: number
  symbol: string
  secType: string
  primaryExchange: string
  currency: string
  /** Types of what is written on it, such as OPT. */
  derivatives: readonly string[]
  description: string
}

/** A venue behind a bit of the venue masks, and the letter that stands for it in ticks 32, 33 and 84. */
export interface SmartComponent {
  bit: number
  exchange: string
  letter: string
}

/** Times as `YYYYMMDD-HH:MM:SS` on the clocks of the zone, `date` as `YYYYMMDD`. */
export interface ScheduledSession {
  start: string
  end: string
  date: string
}

export interface RealTimeBar {
  /** Of its first moment, since 1970. */
  seconds: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  wap: number
  count: number
}

export function writeAccountValue(writer: FrameWriter, account: string, { key, value, currency }: AccountValue): void {
  writer.message([Message.accountValue, 2, key, value, currency, account])
}

/** `time` as `HH:MM`. */
export function writeAccountUpdateTime(writer: FrameWriter, time: string): void {
  writer.message([Message.accountUpdateTime, 1, time])
}

export function writeAccountDownloadEnd(writer: FrameWriter, account: string): void {
  writer.message([Message.accountDownloadEnd, 1, account])
}

export function writeAccountSummary(writer: FrameWriter, reqId: number, account: string, { key, value, currency }: AccountValue): void {
  writer.message([Message.accountSummary, 1, reqId, account, key, value, currency])
}

export function writeAccountSummaryEnd(writer: FrameWriter, reqId: number): void {
  writer.message([Message.accountSummaryEnd, 1, reqId])
}

/** `model`: that of the request, empty for the account itself. */
export function writeAccountUpdateMulti(writer: FrameWriter, reqId: number, account: string, model: string, update: AccountValue): void {
  const { key, value, currency } = update
  writer.message([Message.accountUpdateMulti, 1, reqId, account, model, key, value, currency])
}

export function writeAccountUpdateMultiEnd(writer: FrameWriter, reqId: number): void {
  writer.message([Message.accountUpdateMultiEnd, 1, reqId])
}

export function writeSymbolSamples(writer: FrameWriter, reqId: number, samples: readonly SymbolSample[], serverVersion: number): void {
  const fields = samples.flatMap(({ conId, symbol, secType, primaryExchange, currency, derivatives, description }) => {
    const issuerId = ''
    const described = serverVersion >= DESCRIPTION_VERSION ? [asciiText(description), issuerId] : []
    return [conId, symbol, secType, primaryExchange, currency, derivatives.length, ...derivatives, ...described]
  })
  writer.message([Message.symbolSamples, reqId, samples.length, ...fields])
}

export function writeSmartComponents(writer: FrameWriter, reqId: number, components: readonly SmartComponent[]): void {
  const fields = components.flatMap(({ bit, exchange, letter }) => [bit, exchange, letter])
  writer.message([Message.smartComponents, reqId, components.length, ...fields])
}

/** `time` as `YYYYMMDD-HH:MM:SS` in UTC, or seconds since 1970. */
export function writeHeadTimestamp(writer: FrameWriter, reqId: number, time: string): void {
  writer.message([Message.headTimestamp, reqId, time])
}

/** Units traded at each price. */
export function writeHistogram(writer: FrameWriter, reqId: number, sizes: readonly (readonly [price: number, size: number])[]): void {
  writer.message([Message.histogram, reqId, sizes.length, ...sizes.flat()])
}

export function writeHistoricalSchedule(writer: FrameWriter, reqId: number, zone: string, sessions: readonly ScheduledSession[]): void {
  const fields = sessions.flatMap(({ start, end, date }) => [start, end, date])
  const [first, last] = [sessions.at(0)?.start ?? '', sessions.at(-1)?.end ?? '']
  writer.message([Message.historicalSchedule, reqId, first, last, zone, sessions.length, ...fields])
}

export function writeRealTimeBar(writer: FrameWriter, reqId: number, bar: RealTimeBar): void {
  const { seconds, open, high, low, close, volume, wap, count } = bar
  writer.message([Message.realTimeBar, 3, reqId, seconds, open, high, low, close, volume, wap, count])
}
