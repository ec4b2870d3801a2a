import { describe, expect, it } from 'vitest'
import { addDays, createZone, daysBetween, isDate, isoFromUs, usFromIso, weekday } from '../../../market/time.ts'

const newYork = createZone('America/New_York')
const HOUR_MS = 3_600_000
const HOUR_US = 3_600_000_000

describe('isoFromUs', () => {
  it('writes all six digits of the fraction', () => {
    expect(isoFromUs(1_401_975_060_000_000)).toBe('2014-06-05T13:31:00.000000Z')
    expect(isoFromUs(1_401_975_060_000_001)).toBe('2014-06-05T13:31:00.000001Z')
    expect(isoFromUs(0)).toBe('1970-01-01T00:00:00.000000Z')
  })

  it('rounds down before 1970', () => {
    expect(isoFromUs(-1)).toBe('1969-12-31T23:59:59.999999Z')
  })

  it('keeps the last microsecond of a second near 2^53', () => {
    expect(isoFromUs(9_007_199_253_999_999)).toBe('2255-06-05T23:47:33.999999Z')
    expect(isoFromUs(Number.MAX_SAFE_INTEGER)).toBe('2255-06-05T23:47:34.740991Z')
  })

  it.each([Number.NaN, 1.5, 2 ** 53, Number.POSITIVE_INFINITY])('refuses %d, which is no exact number of microseconds', (tsUs) => {
    expect(() => isoFromUs(tsUs)).toThrow(/expected whole microseconds since 1970 below 2\^53, found /)
  })
})

describe('usFromIso', () => {
  it.each([
    ['2014-06-05T13:31:00.000001Z', 1_401_975_060_000_001],
    ['2014-06-05T13:31:00.5Z', 1_401_975_060_500_000],
    ['2014-06-05T13:31:00Z', 1_401_975_060_000_000],
    ['2014-06-05T13:31Z', 1_401_975_060_000_000],
    ['2014-06-05T09:31:00-04:00', 1_401_975_060_000_000],
    ['2014-06-05T09:31:00-0400', 1_401_975_060_000_000],
    ['2014-06-05T19:01:00.25+05:30', 1_401_975_060_250_000],
    ['1969-12-31T23:59:59.999999Z', -1],
    ['2255-06-05T23:47:34.740991Z', Number.MAX_SAFE_INTEGER],
  ])('reads %s', (text, tsUs) => {
    expect(usFromIso(text)).toBe(tsUs)
  })

  it.each([
    '',
    'yesterday',
    '2014-06-05',
    '2014-06-05T13:31:00',
    '2014-06-05 13:31:00Z',
    '2014-06-05T13:31:00.0000001Z',
    '2014-06-05T13:31:00.Z',
    '2014-06-05T24:00:00Z',
    '2014-06-05T13:60:00Z',
    '2014-06-05T13:31:60Z',
    '2014-06-05T13:31:00+24:00',
    '2014-02-29T00:00:00Z',
    '2014-06-05T13:31:00Z ',
    '2255-06-05T23:47:34.740992Z',
    '1500-01-01T00:00:00Z',
  ])('refuses %j and repeats it', (text) => {
    const read = () => usFromIso(text)
    expect(read).toThrow(expect.objectContaining({ name: 'TapedeckError', code: 'invalid-time' }))
    expect(read).toThrow(`found ${JSON.stringify(text)}`)
  })
})

describe('dates as text', () => {
  it.each(['2014-06-05', '2012-02-29', '2000-02-29', '1970-01-01', '1969-12-31', '0001-01-01', '9999-12-31'])('takes %s', (text) => {
    expect(isDate(text)).toBe(true)
  })

  it.each([
    '2014-02-29',
    '1900-02-29',
    '2014-02-30',
    '2014-06-31',
    '2014-13-01',
    '2014-00-10',
    '2014-06-00',
    '2014-6-5',
    '20140605',
    '2014-06-05T00:00Z',
    ' 2014-06-05',
    '',
  ])('refuses %j', (text) => {
    expect(isDate(text)).toBe(false)
    const refusal = expect.objectContaining({ code: 'invalid-date', message: expect.stringContaining(JSON.stringify(text)) })
    expect(() => addDays(text, 1)).toThrow(refusal)
    expect(() => daysBetween(text, '2014-06-05')).toThrow(refusal)
    expect(() => daysBetween('2014-06-05', text)).toThrow(refusal)
    expect(() => weekday(text)).toThrow(refusal)
    expect(() => newYork.toUs(text, 0)).toThrow(refusal)
  })

  it('adds days over the ends of months and years', () => {
    expect(addDays('2014-12-31', 1)).toBe('2015-01-01')
    expect(addDays('2012-03-01', -1)).toBe('2012-02-29')
    expect(addDays('1970-01-01', -1)).toBe('1969-12-31')
    expect(addDays('2014-06-05', 0)).toBe('2014-06-05')
    expect(addDays('2014-06-05', 365)).toBe('2015-06-05')
  })

  it('refuses parts of days and years of five digits', () => {
    expect(() => addDays('2014-06-05', 0.5)).toThrow('expected a whole number of days, found 0.5')
    expect(() => addDays('9999-12-31', 1)).toThrow(/years 0 to 9999/)
    expect(() => addDays('0000-01-01', -1)).toThrow(/years 0 to 9999/)
  })

  it('counts days in both directions', () => {
    expect(daysBetween('2014-06-05', '2014-06-21')).toBe(16)
    expect(daysBetween('2014-06-21', '2014-06-05')).toBe(-16)
    expect(daysBetween('2014-03-08', '2014-03-10')).toBe(2)
  })

  it('numbers weekdays from Sunday 0 to Saturday 6', () => {
    expect(weekday('2014-06-01')).toBe(0)
    expect(weekday('2014-06-05')).toBe(4)
    expect(weekday('2014-06-21')).toBe(6)
    expect(weekday('1969-12-31')).toBe(3)
  })
})

describe('a zone', () => {
  it('knows winter and summer time', () => {
    expect(newYork.offsetUsAt(usFromIso('2014-01-15T12:00:00Z'))).toBe(-5 * HOUR_US)
    expect(newYork.offsetUsAt(usFromIso('2014-07-15T12:00:00Z'))).toBe(-4 * HOUR_US)
  })

  it('changes its offset at the very microsecond, whatever was asked before', () => {
    const spring = usFromIso('2014-03-09T07:00:00Z')
    const autumn = usFromIso('2014-11-02T06:00:00Z')
    const asked = [spring, spring - 1, autumn, autumn - 1, spring - 1, autumn]
    expect(asked.map((tsUs) => newYork.offsetUsAt(tsUs) / HOUR_US)).toEqual([-4, -5, -5, -4, -5, -5])
  })

  it.each([
    ['America/New_York', '2007-03-11T07:00:00Z'],
    ['Europe/London', '2014-10-26T01:00:00Z'],
    ['America/St_Johns', '2011-03-13T03:31:00Z'],
    ['America/St_Johns', '2010-11-07T02:31:00Z'],
    ['Australia/Lord_Howe', '2014-04-05T15:00:00Z'],
    ['America/Sao_Paulo', '2014-02-16T02:00:00Z'],
    ['Asia/Pyongyang', '2015-08-14T15:00:00Z'],
    ['Africa/Monrovia', '1972-01-07T00:44:30Z'],
  ])('finds the second at which the clocks of %s change, %s', (timeZone, iso) => {
    const zone = createZone(timeZone)
    const changeUs = usFromIso(iso)
    expect(zone.offsetUsAt(changeUs - 1)).toBe(zone.offsetUsAt(changeUs - HOUR_US))
    expect(zone.offsetUsAt(changeUs)).toBe(zone.offsetUsAt(changeUs + HOUR_US))
    expect(zone.offsetUsAt(changeUs)).not.toBe(zone.offsetUsAt(changeUs - 1))
  })

  it('gives the date and the clock time on both sides of midnight', () => {
    const midnight = usFromIso('2014-06-05T04:00:00Z')
    expect([newYork.dateOf(midnight - 1), newYork.msOfDay(midnight - 1)]).toEqual(['2014-06-04', 86_399_999])
    expect([newYork.dateOf(midnight), newYork.msOfDay(midnight)]).toEqual(['2014-06-05', 0])
    expect([newYork.dateOf(midnight + 1999), newYork.msOfDay(midnight + 1999)]).toEqual(['2014-06-05', 1])
  })

  it('reads clock time, not time elapsed since midnight, on the days of 23 and 25 hours', () => {
    const open = 9.5 * HOUR_MS
    expect(isoFromUs(newYork.toUs('2014-03-07', open))).toBe('2014-03-07T14:30:00.000000Z')
    expect(isoFromUs(newYork.toUs('2014-03-09', open))).toBe('2014-03-09T13:30:00.000000Z')
    expect(isoFromUs(newYork.toUs('2014-11-02', open))).toBe('2014-11-02T14:30:00.000000Z')
    expect(newYork.msOfDay(usFromIso('2014-03-09T13:30:00Z'))).toBe(open)
    expect(newYork.msOfDay(usFromIso('2014-11-02T14:30:00Z'))).toBe(open)
  })

  it('takes the earlier of two instants when a clock time comes twice', () => {
    expect(isoFromUs(newYork.toUs('2014-11-02', HOUR_MS))).toBe('2014-11-02T05:00:00.000000Z')
    expect(isoFromUs(newYork.toUs('2014-11-02', 2 * HOUR_MS - 1))).toBe('2014-11-02T05:59:59.999000Z')
    expect(isoFromUs(newYork.toUs('2014-11-02', 2 * HOUR_MS))).toBe('2014-11-02T07:00:00.000000Z')
  })

  it('moves a clock time that a change skips forward by the length of the change', () => {
    expect(isoFromUs(newYork.toUs('2014-03-09', 2 * HOUR_MS - 1))).toBe('2014-03-09T06:59:59.999000Z')
    expect(isoFromUs(newYork.toUs('2014-03-09', 2.5 * HOUR_MS))).toBe('2014-03-09T07:30:00.000000Z')
    expect(isoFromUs(newYork.toUs('2014-03-09', 3 * HOUR_MS))).toBe('2014-03-09T07:00:00.000000Z')
  })

  it('takes 24:00 as the next midnight', () => {
    expect(newYork.toUs('2014-06-05', 24 * HOUR_MS)).toBe(newYork.toUs('2014-06-06', 0))
  })

  it.each([-1, 86_400_001, 0.5, Number.NaN])('refuses %d as milliseconds of a day', (msOfDay) => {
    expect(() => newYork.toUs('2014-06-05', msOfDay)).toThrow(/expected whole milliseconds of a day, 0 to 86400000, found /)
  })

  it('handles offsets and changes that are no whole hours', () => {
    const kolkata = createZone('Asia/Kolkata')
    expect(isoFromUs(kolkata.toUs('2021-04-26', 9.25 * HOUR_MS))).toBe('2021-04-26T03:45:00.000000Z')
    const lordHowe = createZone('Australia/Lord_Howe')
    expect(isoFromUs(lordHowe.toUs('2014-10-05', 2.25 * HOUR_MS))).toBe('2014-10-04T15:45:00.000000Z')
    expect(lordHowe.msOfDay(usFromIso('2014-10-04T15:45:00Z'))).toBe(2.75 * HOUR_MS)
  })

  it('handles a change of clocks at midnight', () => {
    const saoPaulo = createZone('America/Sao_Paulo')
    expect(isoFromUs(saoPaulo.toUs('2014-10-19', 0))).toBe('2014-10-19T03:00:00.000000Z')
    expect(saoPaulo.dateOf(usFromIso('2014-10-19T02:59:59.999999Z'))).toBe('2014-10-18')
    expect(saoPaulo.msOfDay(usFromIso('2014-10-19T03:00:00Z'))).toBe(HOUR_MS)
  })

  it('handles a whole day that a zone left out', () => {
    const apia = createZone('Pacific/Apia')
    const change = usFromIso('2011-12-30T10:00:00Z')
    expect([apia.dateOf(change - 1), apia.dateOf(change)]).toEqual(['2011-12-29', '2011-12-31'])
    expect(apia.toUs('2011-12-31', 0)).toBe(change)
  })

  it('is exact on the seconds of old local mean time', () => {
    expect(newYork.offsetUsAt(usFromIso('1875-01-01T00:00:00Z'))).toBe(-((4 * 60 + 56) * 60 + 2) * 1_000_000)
  })

  it('refuses a time that is no whole number of microseconds', () => {
    expect(() => newYork.offsetUsAt(Number.NaN)).toThrow(RangeError)
    expect(() => newYork.dateOf(0.5)).toThrow(RangeError)
    expect(() => newYork.msOfDay(2 ** 53)).toThrow(RangeError)
  })

  it('refuses a name that no zone has', () => {
    expect(() => createZone('America/Gotham')).toThrow(
      expect.objectContaining({ code: 'unknown-time-zone', message: expect.stringContaining('"America/Gotham"') }),
    )
  })
})
