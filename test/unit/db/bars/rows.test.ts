import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { columnsOf } from '../../../../db/bars/columns.ts'
import { fieldsOf } from '../../../../db/bars/csv.ts'
import { dateReader } from '../../../../db/bars/dates.ts'
import type { BarFormat } from '../../../../db/bars/format.ts'
import { rowReader } from '../../../../db/bars/rows.ts'
import { SECONDS_PER_DAY } from '../../../../market/bar.ts'
import { createZone } from '../../../../market/time.ts'

const FORMAT: BarFormat = {
  columns: {},
  currency: 'USD',
  calendar: 'XNYS',
  kind: 'stock',
  seconds: SECONDS_PER_DAY,
  stamp: 'start',
  source: 'test',
}
const HEADER = 'symbol,date,open,high,low,close,volume,vwap,trades'
const readDate = dateReader({ zone: createZone('America/New_York'), seconds: SECONDS_PER_DAY, stamp: 'start' })

function reading(header: string, format: Partial<BarFormat> = {}) {
  const own = { ...FORMAT, ...format }
  const reader = rowReader(columnsOf('x.csv', header, own), readDate, own.symbol)
  return (line: string) => {
    const refused = reader.read(line)
    return refused ? `expected ${refused.expected}, found ${JSON.stringify(refused.found)}` : { ...reader.bar, time: reader.bar.time.date }
  }
}

describe('a row of bars', () => {
  it('gives its figures', () => {
    expect(reading(HEADER)('TWX,2014-06-05,69.9,70.5,69.5,70.1,1200300,70.02,845')).toEqual({
      symbol: 'TWX',
      time: '2014-06-05',
      open: 69.9,
      high: 70.5,
      low: 69.5,
      close: 70.1,
      volume: 1_200_300,
      vwap: 70.02,
      trades: 845,
      dividend: 0,
      split: 1,
    })
  })

  it('may have its columns anywhere, under names that are mapped, with others between, quoted, and separated by semicolons', () => {
    const read = reading('Last;"Day";Junk;Open;Low;High', { columns: { close: 'Last', date: 'Day' }, symbol: 'TWX' })
    expect(read('70.1;2014-06-05;"a ""b"";c";69.9;69.5;70.5')).toMatchObject({
      symbol: 'TWX',
      time: '2014-06-05',
      open: 69.9,
      close: 70.1,
      volume: Number.NaN,
    })
  })

  it.each([
    ['TWX,2014-06-05,1,1,1,1,1,1', 'expected 9 columns, as in the header'],
    ['TWX,2014-06-05,,1,1,1,1,1,1', 'expected a price as open, found ""'],
    ['TWX,2014-06-05,1,1,1,0x10,1,1,1', 'expected a price as close, found "0x10"'],
    ['TWX,2014-06-05,1,1,1e999,1,1,1,1', 'expected a price as low, found "1e999"'],
    ['TWX,2014-06-05,1,Infinity,1,1,1,1,1', 'expected a price as high, found "Infinity"'],
    ['TWX,2014-06-05,1,1,1,1,-5,1,1', 'expected a volume of 0 or more, found "-5"'],
    ['TWX,2014-06-05,1,1,1,1,5,x,1', 'expected an average price of 0 or more, found "x"'],
    ['TWX,2014-06-05,1,1,1,1,5,1,1.5', 'expected a whole number of trades, found "1.5"'],
    ['TWX,2014-06-31,1,1,1,1,1,1,1', 'expected a date as YYYY-MM-DD'],
    [',2014-06-05,1,1,1,1,1,1,1', 'expected a symbol of 1 to 32 printable characters, found ""'],
    ['T\u0000X,2014-06-05,1,1,1,1,1,1,1', 'expected a symbol of 1 to 32 printable characters'],
  ])('is refused: %j', (line, saying) => {
    expect(reading(HEADER)(line)).toContain(saying)
  })

  it('keeps prices that a rule will doubt', () => {
    expect(reading(HEADER)('TWX,2014-06-05,0,1,5,-2,0,,')).toMatchObject({
      open: 0,
      low: 5,
      close: -2,
      volume: 0,
      vwap: Number.NaN,
      trades: Number.NaN,
    })
  })

  it('has dividends and splits where there are columns for them', () => {
    const read = reading('symbol,date,dividend,split_factor')
    expect([read('A,2013-03-28,0.12,1.0'), read('A,2014-11-03,,0.5'), read('A,2014-11-04,0,0')]).toMatchObject([
      { dividend: 0.12, split: 1 },
      { dividend: 0, split: 0.5 },
      { dividend: 0, split: 1 },
    ])
    expect([read('A,2013-03-28,-1,1'), read('A,2013-03-28,1,-2')]).toEqual([
      'expected a dividend of 0 or more, found "-1"',
      'expected a split above 0 (2: two shares for one), found "-2"',
    ])
  })
})

describe('a header', () => {
  it.each([
    ['symbol,open,high,low,close', 'expected a column for the date'],
    ['symbol,date,open,high,low', 'expected columns for close, or for dividend or split'],
    ['date,open,high,low,close', 'expected a column for the symbol'],
    ['symbol,date,open,high,low,dividend', 'expected columns for close'],
    ['\u0000\u0001\u0002', 'expected a column for the date'],
  ])('is refused: %j', (header, saying) => {
    expect(() => columnsOf('x.csv', header, FORMAT)).toThrow(saying)
  })

  it('is refused when a mapped column is not there, or stands for two', () => {
    const map = (columns: BarFormat['columns']) => () => columnsOf('x.csv', HEADER, { ...FORMAT, columns })
    expect(map({ close: 'Last' })).toThrow('x.csv:1: expected the column Last for the close, as the format says')
    expect(map({ close: 'open' })).toThrow('expected different columns for')
  })

  it('names the columns that are not read', () => {
    expect(columnsOf('x.csv', `${HEADER},adj_close`, FORMAT).unread).toEqual(['adj_close'])
  })
})

describe('fields of CSV', () => {
  it('come back whatever is in them', () => {
    const field = fc.string().filter((text) => !/[\r\n]/.test(text))
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), fc.constantFrom(',', ';', '\t'), (fields, delimiter) => {
        const line = fields.map((text) => `"${text.replaceAll('"', '""')}"`).join(delimiter)
        expect(fieldsOf(line, delimiter)).toEqual(fields)
      }),
    )
  })
})
