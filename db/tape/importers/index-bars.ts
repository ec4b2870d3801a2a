/**
 * Rows of an index's minute bars: `ms,open,high,low,close,volume` without a header, values x 10,000, `ms` the START of the minute in New
 * York. Symbol and date are in the file's name only. An index is not traded but computed, so a bar's close is its value at start + 60 s;
 * open, high and low were at unknown times and are left out. So the values are samples, and no figures of a day are made of them.
 */

import { contractKey, type IndexContract } from '../../../market/contract.ts'
import { badRow, dashedDate, eachRow, minuteCloses, parseNumber, type RowParser } from './rows.ts'

const COLUMNS = ['ms', 'open', 'high', 'low', 'close', 'volume'] as const
const PRICE_SCALE = 10_000

/** Makes a parser of the rows of one file. */
export function indexBarParser(contract: IndexContract, day: string): RowParser {
  const closeOf = minuteCloses()
  const date = dashedDate(day, 'date')
  const key = contractKey(contract)

  return eachRow((line) => {
    const fields = line.split(',')
    if (fields.length !== COLUMNS.length) throw badRow(`${COLUMNS.length} columns (${COLUMNS.join(',')})`, line)
    const [ms = '', , , , closeText = ''] = fields
    const price = parseNumber(closeText, 'close') / PRICE_SCALE
    if (price <= 0) throw badRow('a value above 0', closeText)
    return { kind: 'trade', tsUs: closeOf(date, ms), seq: 0, date, contract, key, price, source: 'last' }
  })
}
