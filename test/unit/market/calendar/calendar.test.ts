import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { nyseClosures } from '../../../../market/calendar/nyse-holidays.ts'
import { addDays, isoFromUs, usFromIso, weekday } from '../../../../market/time.ts'

const root = join(import.meta.dirname, '../../../..')
const sharedSessions = join(root, '../shared/data/calendars/xnys_sessions.csv')

function readCsv(path: string): string[][] {
  const [, ...rows] = readFileSync(path, 'utf8').trim().split('\n')
  return rows.map((row) => row.split(','))
}

/** `date openUtc closeUtc`, with ` early` behind a 13:00 close: one line per session, so that a difference shows its day. */
function linesOf(from: string, to: string): string[] {
  return nyse.sessions(from, to).map(({ date, openUs, closeUs, early }) => {
    return `${date} ${isoFromUs(openUs)} ${isoFromUs(closeUs)}${early ? ' early' : ''}`
  })
}

function line(date: string, openUtc: string, closeUtc: string): string {
  const isEarly = closeUtc === '17:00' || closeUtc === '18:00'
  return `${date} ${date}T${openUtc}:00.000000Z ${date}T${closeUtc}:00.000000Z${isEarly ? ' early' : ''}`
}

function daysOf(from: string, to: string): string[] {
  const days: string[] = []
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day)
  return days
}

function closedWeekdays(year: number): string[] {
  return daysOf(`${year}-01-01`, `${year}-12-31`)
    .filter((day) => weekday(day) % 6 !== 0 && !nyse.isSession(day))
    .map((day) => day.slice(5))
}

function earlyCloses(year: number): string[] {
  return nyse
    .sessions(`${year}-01-01`, `${year}-12-31`)
    .filter(({ early }) => early)
    .map(({ date }) => date.slice(5))
}

describe('the NYSE calendar against recorded history', () => {
  it('has every session, opening, close and early close of 1998 to 2023-01-13, and no other', () => {
    // Runs of consecutive weekdays with equal hours in UTC; a weekday in no run was closed.
    const runs = readCsv(join(root, 'test/fixtures/calendars/xnys_runs.csv'))
    const expected = runs.flatMap(([first = '', last = '', openUtc = '', closeUtc = '']) => {
      const days = daysOf(first, last).filter((day) => weekday(day) % 6 !== 0)
      return days.map((day) => line(day, openUtc, closeUtc))
    })
    expect(expected).toHaveLength(6300)
    expect(linesOf('1998-01-01', '2023-01-13')).toEqual(expected)
  })
})

const hasShared = existsSync(sharedSessions)
describe.skipIf(!hasShared)(
  `the NYSE calendar against the shared data${hasShared ? '' : ` (SKIPPED: ${sharedSessions} is absent)`}`,
  () => {
    it('has every session, opening, close and early close, and no other', () => {
      const rows = readCsv(sharedSessions)
      const expected = rows.map(([date, openUtc, closeUtc, , , isEarly]) => {
        return `${date} ${openUtc?.replace('Z', '.000000Z')} ${closeUtc?.replace('Z', '.000000Z')}${isEarly === '1' ? ' early' : ''}`
      })
      expect(expected.filter((text) => text.endsWith('early'))).toHaveLength(54)
      expect(linesOf('1998-01-01', rows.at(-1)?.[0] ?? '')).toEqual(expected)
    })
  },
)

describe("the NYSE calendar against the exchange's announcements", () => {
  it.each([
    [2023, '01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25', '07-03 11-24'],
    [2024, '01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25', '07-03 11-29 12-24'],
    [2025, '01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25', '07-03 11-28 12-24'],
    [2026, '01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25', '11-27 12-24'],
    [2027, '01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24', '11-26'],
    [2028, '01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25', '07-03 11-24'],
  ])('closes and closes early in %i as announced', (year, closed, early) => {
    expect(closedWeekdays(year).join(' ')).toBe(closed)
    expect(earlyCloses(year).join(' ')).toBe(early)
  })

  it('does not move a Saturday New Year to the Friday before', () => {
    const eves = ['1999-12-31', '2004-12-31', '2010-12-31', '2021-12-31', '2027-12-31']
    expect(eves.filter((date) => !nyse.isSession(date))).toEqual([])
    expect(nyseClosures(2000)).not.toContain('1999-12-31')
  })

  it('finds Good Friday in the years with the earliest and latest Easter', () => {
    expect(nyse.isSession('2008-03-21')).toBe(false)
    expect(nyse.isSession('2038-04-23')).toBe(false)
    expect(nyse.isSession('2049-04-16')).toBe(false)
    expect(nyse.isSession('2076-04-17')).toBe(false)
  })

  it('kept Juneteenth open until 2021', () => {
    expect(nyse.isSession('2020-06-19')).toBe(true)
    expect(nyse.isSession('2021-06-18')).toBe(true)
    expect(nyse.isSession('2022-06-20')).toBe(false)
  })
})

describe('the NYSE calendar', () => {
  it('gives one session with its hours in UTC', () => {
    expect(nyse.session('2014-06-05')).toEqual({
      date: '2014-06-05',
      openUs: usFromIso('2014-06-05T13:30:00Z'),
      closeUs: usFromIso('2014-06-05T20:00:00Z'),
      early: false,
    })
    expect(nyse.session('2014-06-07')).toBeUndefined()
    expect(nyse.session('2014-07-04')).toBeUndefined()
  })

  it('lists sessions with both ends included', () => {
    const dates = (from: string, to: string) => nyse.sessions(from, to).map(({ date }) => date)
    expect(dates('2014-07-03', '2014-07-08')).toEqual(['2014-07-03', '2014-07-07', '2014-07-08'])
    expect(dates('2014-06-05', '2014-06-05')).toEqual(['2014-06-05'])
    expect(dates('2014-06-07', '2014-06-08')).toEqual([])
    expect(dates('2014-06-06', '2014-06-05')).toEqual([])
  })

  it('finds the sessions around a date without counting the date itself', () => {
    expect(nyse.previousSession('2014-07-07').date).toBe('2014-07-03')
    expect(nyse.previousSession('2014-07-06').date).toBe('2014-07-03')
    expect(nyse.nextSession('2014-07-03').date).toBe('2014-07-07')
    expect(nyse.nextSession('2001-09-10').date).toBe('2001-09-17')
    expect(nyse.previousSession('2027-01-04').date).toBe('2026-12-31')
  })

  it.each([
    ['2014-06-05T13:29:59.999999Z', false],
    ['2014-06-05T13:30:00.000000Z', true],
    ['2014-06-05T19:59:59.999999Z', true],
    ['2014-06-05T20:00:00.000000Z', false],
    ['2014-07-03T16:59:59.999999Z', true],
    ['2014-07-03T17:00:00.000000Z', false],
    ['2014-07-04T15:00:00.000000Z', false],
    ['2014-06-07T15:00:00.000000Z', false],
    ['2014-11-03T14:29:59.999999Z', false],
    ['2014-11-03T14:30:00.000000Z', true],
  ])('at %s says open: %s', (iso, isOpen) => {
    expect(nyse.isOpenAt(usFromIso(iso))).toBe(isOpen)
  })

  it('adds the electronic hours around a session', () => {
    expect(nyse.tradingHours('2014-06-05')).toEqual({
      ...nyse.session('2014-06-05'),
      extendedOpenUs: usFromIso('2014-06-05T04:00:00-04:00'),
      extendedCloseUs: usFromIso('2014-06-05T20:00:00-04:00'),
    })
    expect(nyse.tradingHours('2014-11-28')).toEqual({
      ...nyse.session('2014-11-28'),
      extendedOpenUs: usFromIso('2014-11-28T04:00:00-05:00'),
      extendedCloseUs: usFromIso('2014-11-28T17:00:00-05:00'),
    })
    expect(nyse.tradingHours('2014-11-27')).toBeUndefined()
  })

  it.each([
    ['2014-06-06', '2014-06-06'],
    ['2014-06-21', '2014-06-20'],
    ['2014-04-18', '2014-04-17'],
    ['2014-04-19', '2014-04-17'],
    ['2013-07-20', '2013-07-19'],
    ['2026-12-18', '2026-12-18'],
  ])('an option that expires on %s trades last on %s', (expiry, lastTradeDate) => {
    expect(nyse.lastTradeDateFor(expiry)).toBe(lastTradeDate)
  })

  it('refuses days before its history instead of guessing', () => {
    const refusal = expect.objectContaining({
      name: 'TapedeckError',
      code: 'calendar-range',
      message: expect.stringContaining('1997-12-31'),
    })
    expect(() => nyse.isSession('1997-12-31')).toThrow(refusal)
    expect(() => nyse.previousSession('1998-01-02')).toThrow(refusal)
    expect(() => nyse.sessions('1997-12-31', '1998-01-05')).toThrow(refusal)
    expect(() => nyse.isOpenAt(usFromIso('1997-12-31T15:00:00Z'))).toThrow(refusal)
    expect(nyse.nextSession('1997-12-31').date).toBe('1998-01-02')
  })

  it('refuses text that is no date', () => {
    const refusal = expect.objectContaining({ code: 'invalid-date' })
    expect(() => nyse.session('20140605')).toThrow(refusal)
    expect(() => nyse.isSession('2014-02-30')).toThrow(refusal)
    expect(() => nyse.sessions('2014-06-05', 'today')).toThrow(refusal)
    expect(() => nyse.lastTradeDateFor('')).toThrow(refusal)
  })
})
