/**
 * Rows of a stock's trades of one day: `ms,price,size,exchange,conditions,suspicious` without a header, prices x 10,000, sizes in
 * shares, `ms` milliseconds of the day in New York. Symbol and date are in the file's name only. The conditions are the vendor's flags
 * in hexadecimal and stay as they are written; a trade with the bit 0x20 counts in volume but makes no price.
 * A row marked as suspicious becomes a quarantined trade. Of an index they are its values, which have no size.
 */

import { contractKey } from '../../../market/contract.ts'
import { badRow, dashedDate, eachRow, momentsOf, parseNumber, type RowParser, suspicion, underlyingNamed } from './rows.ts'

const COLUMNS = ['ms', 'price', 'size', 'exchange', 'conditions', 'suspicious'] as const
const PRICE_SCALE = 10_000

/** Makes a parser of the rows of one file. */
export function tradeTickParser(symbol: string, day: string): RowParser {
  const date = dashedDate(day, 'date')
  const momentOf = momentsOf(date)
  const contract = underlyingNamed(symbol)
  const key = contractKey(contract)

  return eachRow((line) => {
    const fields = line.split(',')
    if (fields.length !== COLUMNS.length) throw badRow(`${COLUMNS.length} columns (${COLUMNS.join(',')})`, line)
    const [ms = '', priceText = '', sizeText = '', venue = '', conditions = '', suspicious = ''] = fields
    const price = parseNumber(priceText, 'price') / PRICE_SCALE
    if (price <= 0) throw badRow('a price above 0', priceText)
    if (conditions !== '' && !/^[0-9a-f]+$/i.test(conditions)) throw badRow('hexadecimal flags as conditions', conditions)
    const tsUs = momentOf(ms)
    return {
      kind: 'trade',
      tsUs,
      seq: 0,
      date,
      contract,
      key,
      eventTsUs: tsUs,
      price,
      size: contract.kind === 'index' ? valueSize(sizeText) : parseNumber(sizeText, 'size'),
      source: 'import',
      venue: venue || undefined,
      conditions: conditions || undefined,
      verdict: suspicion(suspicious),
    }
  })
}

/** A value is not traded: a size would be lost, so it is refused. */
function valueSize(text: string): undefined {
  if (text !== '' && Number(text) !== 0) throw badRow('no size or 0, as an index is not traded', text)
}
