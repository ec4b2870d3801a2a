/** Reads the rows of one file into bars and corporate actions, or says why a row cannot be taken. */

import type { BarTime } from './dates.ts'
import type { FileColumns } from './columns.ts'
import { fieldsOf } from './csv.ts'

/** The row that was read last. Written over by the next one, as there are millions. NaN: not given. */
export interface BarRow {
  symbol: string
  time: BarTime
  open: number
  high: number
  low: number
  close: number
  volume: number
  vwap: number
  trades: number
  /** 0: none. */
  dividend: number
  /** Shares after the row's day began for each share before; 1: no split. */
  split: number
}

/** Why a row is refused, and what was found instead. */
export interface Refused {
  expected: string
  found: string
}

/** Printable, without a blank in front. */
const SYMBOL = /^[!-~][ -~]{0,31}$/
/** What publishers write where they have no figure. */
const NOTHING = /^(?:|-|null|none|na|n\/a|nan)$/i
const DIGIT_0 = 48
const DIGIT_9 = 57

export interface RowReader {
  /** Undefined when `bar` was filled. */
  read(line: string): Refused | undefined
  readonly bar: BarRow
}

/** @param symbol of every row, where the file has no column for it */
export function rowReader(columns: FileColumns, readDate: (text: string) => BarTime | string, symbol: string | undefined): RowReader {
  const { at, count, delimiter, hasBars, hasActions } = columns
  const bar: BarRow = {
    symbol: symbol ?? '',
    time: { date: '', day: 0, startUs: 0 },
    open: Number.NaN,
    high: Number.NaN,
    low: Number.NaN,
    close: Number.NaN,
    volume: Number.NaN,
    vwap: Number.NaN,
    trades: Number.NaN,
    dividend: 0,
    split: 1,
  }
  let knownSymbol: string | undefined

  const readPrices = (fields: readonly string[]): Refused | undefined => {
    bar.open = numberOf(fields[at.open])
    bar.high = numberOf(fields[at.high])
    bar.low = numberOf(fields[at.low])
    bar.close = numberOf(fields[at.close])
    if (Number.isFinite(bar.open + bar.high + bar.low + bar.close)) return undefined
    for (const name of ['open', 'high', 'low', 'close'] as const)
      if (!Number.isFinite(bar[name])) return { expected: `a price as ${name}`, found: fields[at[name]] ?? '' }
    return { expected: 'prices', found: fields.join(delimiter) }
  }

  const readOptional = (fields: readonly string[]): Refused | undefined => {
    bar.volume = numberOf(fields[at.volume])
    bar.vwap = numberOf(fields[at.vwap])
    bar.trades = numberOf(fields[at.trades])
    if (at.volume >= 0 && isBad(bar.volume, fields[at.volume])) return { expected: 'a volume of 0 or more', found: fields[at.volume] ?? '' }
    if (at.vwap >= 0 && isBad(bar.vwap, fields[at.vwap])) return { expected: 'an average price of 0 or more', found: fields[at.vwap] ?? '' }
    if (at.trades < 0 || (Number.isSafeInteger(bar.trades) && bar.trades >= 0)) return undefined
    return isNothing(fields[at.trades]) ? undefined : { expected: 'a whole number of trades', found: fields[at.trades] ?? '' }
  }

  const readActions = (fields: readonly string[]): Refused | undefined => {
    const dividend = fields[at.dividend]
    const split = fields[at.split]
    bar.dividend = isNothing(dividend) ? 0 : numberOf(dividend)
    bar.split = isNothing(split) ? 1 : numberOf(split)
    if (!(bar.dividend >= 0 && bar.dividend < Number.POSITIVE_INFINITY))
      return { expected: 'a dividend of 0 or more', found: dividend ?? '' }
    // Some publishers write 0 where there was no split.
    if (bar.split === 0) bar.split = 1
    if (!(bar.split > 0 && bar.split < Number.POSITIVE_INFINITY))
      return { expected: 'a split above 0 (2: two shares for one)', found: split ?? '' }
    return undefined
  }

  return {
    bar,
    read(line) {
      const fields = fieldsOf(line, delimiter)
      if (fields.length !== count) return { expected: `${count} columns, as in the header`, found: line }
      const date = readDate((fields[at.date] ?? '').trim())
      if (typeof date === 'string') return { expected: date, found: fields[at.date] ?? '' }
      bar.time = date
      if (at.symbol >= 0) {
        const found = fields[at.symbol] ?? ''
        if (found !== knownSymbol && !SYMBOL.test(found)) return { expected: 'a symbol of 1 to 32 printable characters', found }
        knownSymbol = found
        bar.symbol = found
      }
      return (hasBars ? (readPrices(fields) ?? readOptional(fields)) : undefined) ?? (hasActions ? readActions(fields) : undefined)
    },
  }
}

function isNothing(text: string | undefined): boolean {
  return text === undefined || NOTHING.test(text)
}

function isBad(value: number, text: string | undefined): boolean {
  return !(value >= 0 && value < Number.POSITIVE_INFINITY) && !isNothing(text)
}

/** A decimal number; NaN for anything else. `Number` alone takes '' for 0 and 0x10 for 16. */
function numberOf(text: string | undefined): number {
  if (text === undefined || text === '') return Number.NaN
  const first = text.charCodeAt(0)
  const second = text.charCodeAt(1)
  if (first === DIGIT_0 && second > DIGIT_9) return /^0e[+-]?\d+$/i.test(text) ? 0 : Number.NaN
  if (first < DIGIT_0 || first > DIGIT_9) return /^[+-]?(?:\d+\.?|\.\d)\d*(?:e[+-]?\d+)?\s*$/i.test(text.trim()) ? Number(text) : Number.NaN
  return Number(text)
}
