import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { addDays, daysBetween } from '../../../../market/time.ts'

const anyDate = fc.integer({ min: 10, max: 20_000 }).map((days) => addDays('1998-01-01', days))

describe('the NYSE calendar', () => {
  it('has no session between a date and its neighbours', () => {
    fc.assert(
      fc.property(anyDate, (date) => {
        const before = nyse.previousSession(date)
        const after = nyse.nextSession(date)
        const own = nyse.session(date)
        expect(nyse.sessions(before.date, after.date)).toEqual(own ? [before, own, after] : [before, after])
        expect(before.closeUs).toBeLessThan(after.openUs)
        // The longest stop of its history: Monday 10 to Monday 17 September 2001.
        expect(daysBetween(before.date, date)).toBeLessThanOrEqual(7)
        expect(daysBetween(date, after.date)).toBeLessThanOrEqual(7)
      }),
    )
  })

  it('is open exactly from the opening to the close', () => {
    fc.assert(
      fc.property(anyDate, fc.integer({ min: 0, max: 86_399_999 }), (date, msOfDay) => {
        const session = nyse.session(date)
        const closeMs = session?.early ? 13 * 3_600_000 : 16 * 3_600_000
        const isInside = session !== undefined && msOfDay >= 9.5 * 3_600_000 && msOfDay < closeMs
        expect(nyse.isOpenAt(nyse.zone.toUs(date, msOfDay))).toBe(isInside)
      }),
    )
  })

  it('lets no option trade on a day without a session, or after its expiry', () => {
    fc.assert(
      fc.property(anyDate, (expiry) => {
        const last = nyse.lastTradeDateFor(expiry)
        expect(nyse.isSession(last)).toBe(true)
        expect(nyse.sessions(last, expiry)).toHaveLength(1)
      }),
    )
  })
})
