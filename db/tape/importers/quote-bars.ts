/**
 * Rows of a stock's minute quote bars: `ms,bidO,bidH,bidL,bidC,bidSize,askO,askH,askL,askC,askSize` without a header, prices x 10,000,
 * sizes in shares, `ms` the START of the minute in New York. Symbol and date are in the file's name only. A bar's close is the quote
 * at start + 60 s; open, high and low happened at unknown times, so they become no quotes.
 */

import { contractKey, type StockContract } from '../../../market/contract.ts'
import { badRow, dashedDate, eachRow, minuteCloses, parseOptional, type RowParser, sizeOf } from './rows.ts'

const COLUMNS = [
  'ms',
  'bidOpen',
  'bidHigh',
  'bidLow',
  'bidClose',
  'bidSize',
  'askOpen',
  'askHigh',
  'askLow',
  'askClose',
  'askSize',
] as const
const PRICE_SCALE = 10_000

/** Makes a parser of the rows of one file. */
export function quoteBarParser(symbol: string, day: string): RowParser {
  const closeOf = minuteCloses()
  const date = dashedDate(day, 'date')
  const contract: StockContract = { kind: 'stock', symbol, currency: 'USD' }
  const key = contractKey(contract)

  return eachRow((line) => {
    const fields = line.split(',')
    if (fields.length !== COLUMNS.length) throw badRow(`${COLUMNS.length} columns (${COLUMNS.join(',')})`, line)
    const [ms = '', , , , , bidSize = '', , , , , askSize = ''] = fields
    const prices = fields.map((field, i) => parseOptional(field, COLUMNS[i] ?? ''))
    const bidPrice = scaled(prices[4])
    const askPrice = scaled(prices[9])
    return {
      kind: 'quote',
      tsUs: closeOf(date, ms),
      seq: 0,
      date,
      contract,
      key,
      bidPrice,
      bidSize: sizeOf(bidPrice, bidSize, 'bidSize'),
      askPrice,
      askSize: sizeOf(askPrice, askSize, 'askSize'),
    }
  })
}

function scaled(price: number | undefined): number | undefined {
  return price === undefined ? undefined : price / PRICE_SCALE
}
