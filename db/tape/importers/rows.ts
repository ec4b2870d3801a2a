/**
 * What the importers share: numbers and times as vendors write them, and refusals that say what was expected and found.
 * Where the row is (file and line) is added by the caller.
 */

import type { Contract, IndexContract, StockContract } from '../../../market/contract.ts'
import { FeedError } from '../../../market/errors.ts'
import { indexNamed } from '../../../market/indices.ts'
import type { Finding, Quote, Trade, Verdict } from '../../../market/tick.ts'
import { createZone } from '../../../market/time.ts'

interface SourceBase {
  /** The same for all, so that a merge keeps rows of equal time in the order of their sources. */
  seq: 0
  /** The row's own date at the exchange, `YYYY-MM-DD`. */
  date: string
  contract: Contract
  /** `contractKey(contract)` */
  key: string
}

export type SourceQuote = SourceBase & Omit<Quote, 'seq' | 'instrument'>
export type SourceTrade = SourceBase & Omit<Trade, 'seq' | 'instrument'>

/** A tick of a source, before the tape has numbered it and its instrument. */
export type SourceTick = SourceQuote | SourceTrade

/** When a row was: what its order among the rows of its file is judged by. */
export interface RowTime {
  tsUs: number
  /** `YYYY-MM-DD` at the exchange. */
  date: string
}

/** Reads the data rows of one file in their order. It throws a FeedError (`import-bad-row`) or the market's own refusal of a date. */
export interface RowParser {
  /** Appends the ticks that are complete with this row: none, one or several. */
  row(line: string, out: SourceTick[]): RowTime
  /** Appends what waited for a next row. */
  end?(out: SourceTick[]): void
}

/** For files of which every row is one tick. */
export function eachRow(parse: (line: string) => SourceTick): RowParser {
  return {
    row(line, out) {
      const tick = parse(line)
      out.push(tick)
      return tick
    },
  }
}

/** The trouble that a source marks with a 1 in its column `suspicious`: such a tick stays on the tape, kept out of what is judged good. */
export function suspicion(text: string): Verdict | undefined {
  if (text !== '0' && text !== '1') throw badRow('0 or 1 as suspicious', text)
  if (text === '0') return undefined
  const finding: Finding = {
    rule: 'suspicious',
    severity: 'error',
    disposition: 'quarantine',
    reason: 'the source marks the row as suspicious',
  }
  return { disposition: 'quarantine', findings: [finding] }
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const NUMBER = /^-?\d+(\.\d+)?$/

/** What a file is about whose name has a ticker. All prices are in dollars. */
export function underlyingNamed(symbol: string): StockContract | IndexContract {
  const currency = 'USD'
  return indexNamed(symbol, currency) ?? { kind: 'stock', symbol, currency }
}

/** A row that cannot be taken. */
export function badRow(expected: string, found: string): FeedError {
  return new FeedError(`expected ${expected}, found ${JSON.stringify(found)}`, { code: 'import-bad-row' })
}

/** A decimal number as written, without exponent or blanks. `name` is the column's. */
export function parseNumber(text: string, name: string): number {
  if (!NUMBER.test(text)) throw badRow(`a number as ${name}`, text)
  return Number(text)
}

/** Like parseNumber; an empty text is undefined. */
export function parseOptional(text: string, name: string): number | undefined {
  return text === '' ? undefined : parseNumber(text, name)
}

/** The size of a side, undefined when the side has no price. A size without a price would be lost, so it is refused. */
export function sizeOf(price: number | undefined, text: string, name: string): number | undefined {
  const size = parseOptional(text, name)
  if (price !== undefined) return size
  if (size) throw badRow(`no ${name} or 0, as the side has no price`, text)
  return undefined
}

/** `YYYYMMDD` as `YYYY-MM-DD`; whether there is such a day is seen by who computes with it. */
export function dashedDate(text: string, name: string): string {
  if (!/^\d{8}$/.test(text)) throw badRow(`YYYYMMDD as ${name}`, text)
  return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
}

/** Makes a function from milliseconds of the day `YYYY-MM-DD` in New York, as text, to the microsecond. */
export function momentsOf(date: string): (msOfDay: string) => number {
  const zone = createZone('America/New_York')
  return (msOfDay) => {
    const ms = Number(msOfDay)
    if (!/^\d{1,8}$/.test(msOfDay) || ms >= DAY_MS) throw badRow('milliseconds of the day below 86400000', msOfDay)
    return zone.toUs(date, ms)
  }
}

/**
 * Makes a function from (`YYYY-MM-DD`, milliseconds of the day at which a minute starts in New York, as text) to the microsecond
 * at which that minute closes. Remembers the last one, as hundreds of rows share it.
 */
export function minuteCloses(): (date: string, msOfDay: string) => number {
  const zone = createZone('America/New_York')
  let last = { date: '', msOfDay: '', tsUs: 0 }
  return (date, msOfDay) => {
    if (last.msOfDay !== msOfDay || last.date !== date) {
      const ms = Number(msOfDay)
      if (!/^\d{1,8}$/.test(msOfDay) || ms % MINUTE_MS !== 0 || ms >= DAY_MS)
        throw badRow('the start of a minute in milliseconds of the day (a multiple of 60000 below 86400000)', msOfDay)
      last = { date, msOfDay, tsUs: zone.toUs(date, ms) + MINUTE_MS * 1000 }
    }
    return last.tsUs
  }
}
