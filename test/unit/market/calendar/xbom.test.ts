import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { CALENDAR_CODES, calendarOf } from '../../../../market/calendar/calendars.ts'
import { xbom } from '../../../../market/calendar/xbom.ts'
import { addDays, isoFromUs, weekday } from '../../../../market/time.ts'
import { packageRoot } from '../../../../system/package-root.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../../../support/data.ts'

function readCsv(path: string): string[][] {
  const [, ...rows] = readFileSync(path, 'utf8').trim().split('\n')
  return rows.map((row) => row.split(','))
}

const datesOf = (from: string, to: string) => xbom.sessions(from, to).map(({ date }) => date)

describe('the calendar of XBOM', () => {
  it('has every session of 1998 to 2026, and no other', () => {
    // Runs of consecutive weekdays, and single days of a weekend; a weekday in no run was closed.
    const expected = readCsv(join(packageRoot(), 'test/fixtures/calendars/xbom_runs.csv')).flatMap(([first = '', last = '']) => {
      const days: string[] = []
      for (let day = first; day <= last; day = addDays(day, 1)) if (first === last || weekday(day) % 6 !== 0) days.push(day)
      return days
    })
    expected.sort()
    expect(expected).toHaveLength(7175)
    expect(datesOf('1998-01-01', '2026-12-31')).toEqual(expected)
  })

  it('opens at 09:15 and closes at 15:30 in India, also on a Saturday with a session', () => {
    const saturday = xbom.session('2024-01-20')
    expect(saturday && [isoFromUs(saturday.openUs), isoFromUs(saturday.closeUs)]).toEqual([
      '2024-01-20T03:45:00.000000Z',
      '2024-01-20T10:00:00.000000Z',
    ])
    expect([xbom.isSession('2024-01-21'), xbom.isSession('2019-10-02')]).toEqual([false, false])
  })

  it('says which years it knows', () => {
    expect(() => xbom.session('1997-12-31')).toThrow('the XBOM calendar begins with 1998, found 1997-12-31')
    expect(() => xbom.session('2027-01-01')).toThrow('the XBOM calendar ends with 2026, found 2027-01-01')
  })

  it('is found by its code beside that of New York', () => {
    expect(CALENDAR_CODES).toEqual(['XNYS', 'XBOM'])
    expect(CALENDAR_CODES.map((code) => calendarOf(code)?.zone.timeZone)).toEqual(['America/New_York', 'Asia/Kolkata'])
    expect(calendarOf('XLON')).toBeUndefined()
  })

  it.skipIf(!hasSharedData)(`has the sessions and hours of the shared data${withSharedData}`, () => {
    const rows = readCsv(join(SHARED_DATA, 'calendars/xbom_sessions.csv'))
    const found = xbom
      .sessions('1998-01-01', '2026-12-31')
      .map(({ date, openUs, closeUs }) => [date, isoFromUs(openUs), isoFromUs(closeUs)])
    expect(found).toEqual(
      rows.map(([date = '', open = '', close = '']) => [date, open.replace('Z', '.000000Z'), close.replace('Z', '.000000Z')]),
    )
  })
})
