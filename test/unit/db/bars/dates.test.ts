import { describe, expect, it } from 'vitest'

import { type DateOptions, dateReader } from '../../../../db/bars/dates.ts'
import { SECONDS_PER_DAY } from '../../../../market/bar.ts'
import { createZone, isoFromUs } from '../../../../market/time.ts'

const newYork: DateOptions = { zone: createZone('America/New_York'), seconds: SECONDS_PER_DAY, stamp: 'start' }

function read(text: string, options: Partial<DateOptions> = {}): string {
  const time = dateReader({ ...newYork, ...options })(text)
  return typeof time === 'string' ? `expected ${time}` : `${time.date} ${isoFromUs(time.startUs).slice(0, 16)}`
}

describe('the date of a daily bar', () => {
  it.each(['2014-06-05', '20140605', '2014-06-05 00:00:00', '2014-06-05T16:00:00Z'])(
    'is read from %j, and begins at midnight there',
    (text) => {
      expect(read(text)).toBe('2014-06-05 2014-06-05T04:00')
    },
  )

  it.each([
    ['MM/DD/YYYY', '6/5/2014'],
    ['DD/MM/YYYY', '05/06/2014'],
    ['DD-MMM-YYYY', '05-JUN-2014'],
    ['MM/DD/YY', '06/05/14'],
    ['YYYY.MM.DD', '2014.06.05'],
  ])('follows the format %s', (dateFormat, text) => {
    expect(read(text, { dateFormat })).toBe('2014-06-05 2014-06-05T04:00')
  })

  it.each(['', '2014-02-30', '06/05/2014', '1401926400', 'yesterday', '2014-06'])('cannot be read from %j', (text) => {
    expect(read(text)).toMatch(/^expected a date as YYYY-MM-DD/)
  })

  it('takes two digits of a year for 1970 to 2069', () => {
    expect([read('01/02/69', { dateFormat: 'MM/DD/YY' }), read('01/02/70', { dateFormat: 'MM/DD/YY' })]).toEqual([
      '2069-01-02 2069-01-02T05:00',
      '1970-01-02 1970-01-02T05:00',
    ])
  })

  it('is refused outside of 1900 to 2199, as a format that is wrong gives such years', () => {
    expect(read('0014-06-05')).toBe('expected a date of the years 1900 to 2199')
  })

  it('does not go by a dot in a format as any character', () => {
    expect(read('2014x06x05', { dateFormat: 'YYYY.MM.DD' })).toBe('expected a date as YYYY.MM.DD')
  })
})

describe('the time of an intraday bar', () => {
  const minutes = { seconds: 60 }

  it.each(['2014-06-05 09:30', '2014-06-05T09:30:00', '2014-06-05T13:30:00Z', '2014-06-05T19:00:00+05:30', '20140605 0930'])(
    'is read from %j',
    (text) => {
      expect(read(text, minutes)).toBe('2014-06-05 2014-06-05T13:30')
    },
  )

  it('is its begin, also where the file has its end', () => {
    expect(read('2014-06-05 09:31', { ...minutes, stamp: 'end' })).toBe('2014-06-05 2014-06-05T13:30')
  })

  it('follows the clocks of the exchange', () => {
    expect(read('2014-12-05 09:30', minutes)).toBe('2014-12-05 2014-12-05T14:30')
  })

  it('must be there, and be one', () => {
    expect(read('2014-06-05', minutes)).toMatch(/^expected a date with a time/)
    expect([read('2014-06-05 24:01', minutes), read('2014-06-05 09:61', minutes)]).toEqual([
      'expected a time of the day',
      'expected a time of the day',
    ])
  })
})

it.each(['', 'YYYY', 'YYYY-MM', 'YYYY-DD-MM MM', 'YYYY-MM-DD HH', 'date'])('%j is no format of dates', (dateFormat) => {
  expect(() => dateReader({ ...newYork, dateFormat })).toThrow(/expected a format of dates such as MM\/DD\/YYYY/)
})
