/** Which column of a file holds what: as the format says, or by the names that publishers use. */

import { FeedError } from '../../market/errors.ts'
import { delimiterOf, fieldsOf } from './csv.ts'
import { type BarFormat, COLUMN_NAMES, type ColumnName } from './format.ts'

/** Names that need no mapping, in small letters, without blanks and underscores. */
const KNOWN: Readonly<Record<ColumnName, readonly string[]>> = {
  symbol: ['symbol', 'ticker', 'instrument'],
  date: ['date', 'datetime', 'timestamp', 'time', 'day', 'exdate'],
  open: ['open', 'openprice', 'o'],
  high: ['high', 'highprice', 'h'],
  low: ['low', 'lowprice', 'l'],
  close: ['close', 'closeprice', 'c'],
  volume: ['volume', 'vol', 'v', 'totaltradedquantity'],
  vwap: ['vwap', 'wap', 'averageprice'],
  trades: ['trades', 'numberoftrades', 'tradecount'],
  dividend: ['dividend', 'dividends', 'dividendamount'],
  split: ['split', 'splitfactor', 'splitcoefficient', 'splitratio', 'stocksplits'],
}

const PRICES = ['open', 'high', 'low', 'close'] as const

export interface FileColumns {
  delimiter: string
  /** How many fields a row has. */
  count: number
  /** Position by what it holds; -1 where the file has none. */
  at: Readonly<Record<ColumnName, number>>
  hasBars: boolean
  hasActions: boolean
  /** Names of the columns that are not read. */
  unread: string[]
}

/**
 * @param path for messages
 * @throws FeedError `import-bad-header`
 */
export function columnsOf(path: string, header: string, format: BarFormat): FileColumns {
  const delimiter = delimiterOf(header)
  const names = fieldsOf(header, delimiter).map((name) => name.trim())
  const plain = names.map((name) => name.toLowerCase().replaceAll(/[\s_]/g, ''))
  const find = (column: ColumnName): number => {
    const mapped = format.columns[column]
    if (mapped === undefined) return plain.findIndex((name) => KNOWN[column].includes(name))
    const index = names.indexOf(mapped)
    if (index < 0) throw badHeader(path, `the column ${mapped} for the ${column}, as the format says`, header)
    return index
  }
  const at = Object.fromEntries(COLUMN_NAMES.map((column) => [column, find(column)])) as Record<ColumnName, number>
  const missing = PRICES.filter((column) => at[column] < 0)
  const hasBars = missing.length === 0
  const hasActions = at.dividend >= 0 || at.split >= 0
  if (at.date < 0) throw badHeader(path, 'a column for the date', header)
  if (!hasBars && (!hasActions || missing.length < PRICES.length))
    throw badHeader(path, `columns for ${missing.join(', ')}, or for dividend or split`, header)
  if (at.symbol < 0 && format.symbol === undefined)
    throw badHeader(path, 'a column for the symbol, or the symbol of the whole file (--symbol)', header)
  refuseTwice(path, header, names, at)
  const read = new Set(Object.values(at))
  return { delimiter, count: names.length, at, hasBars, hasActions, unread: names.filter((_, index) => !read.has(index)) }
}

function refuseTwice(path: string, header: string, names: readonly string[], at: Readonly<Record<ColumnName, number>>): void {
  for (const [column, index] of Object.entries(at)) {
    const twin = Object.entries(at).find(([other, position]) => position === index && index >= 0 && other !== column)
    if (twin) throw badHeader(path, `different columns for ${column} and ${twin[0]}, not ${names[index]} for both`, header)
  }
}

const SHOWN_CHARACTERS = 120

function badHeader(path: string, expected: string, header: string): FeedError {
  const found = JSON.stringify(header.slice(0, SHOWN_CHARACTERS))
  return new FeedError(`${path}:1: expected ${expected}, found ${found}. Map the columns (--columns date=Day,close=Last, or a format).`, {
    code: 'import-bad-header',
  })
}
