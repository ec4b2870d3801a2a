import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addDays, createZone, daysBetween, isoFromUs, usFromIso, weekday } from '../../../market/time.ts'

// Zones that change by half an hour, at midnight, one minute after midnight, by a whole day, or hold an odd offset.
const zones = [
  'America/New_York',
  'Europe/London',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Pacific/Apia',
  'Africa/Casablanca',
].map(createZone)

const anyUs = fc.maxSafeInteger()
const recentUs = fc.integer({ min: usFromIso('1990-01-01T00:00:00Z'), max: usFromIso('2037-12-31T00:00:00Z') })
/** Changes of clocks in the zones above, where mistakes would be: within a day and a half of one. */
const aroundChangeUs = fc
  .tuple(
    fc.constantFrom(
      '2014-03-09T07:00Z',
      '2014-11-02T06:00Z',
      '2014-03-30T01:00Z',
      '2014-10-26T01:00Z',
      '2014-04-05T15:00Z',
      '2014-10-04T15:30Z',
      '2014-02-16T02:00Z',
      '2014-10-19T03:00Z',
      '2011-03-13T03:31Z',
      '2010-11-07T02:31Z',
      '2011-12-30T10:00Z',
    ),
    fc.integer({ min: -1.5 * 86_400_000_000, max: 1.5 * 86_400_000_000 }),
  )
  .map(([change, us]) => usFromIso(change) + us)
const instantUs = fc.oneof(recentUs, aroundChangeUs)
const anyDate = fc.integer({ min: -100_000, max: 100_000 }).map((days) => addDays('1970-01-01', days))

describe('time conversions', () => {
  it('round-trip every microsecond below 2^53 through text', () => {
    fc.assert(fc.property(anyUs, (tsUs) => usFromIso(isoFromUs(tsUs)) === tsUs))
  })

  it('keep order in text', () => {
    fc.assert(fc.property(anyUs, anyUs, (a, b) => a < b === isoFromUs(a) < isoFromUs(b)))
  })

  it('agree with each other on dates', () => {
    fc.assert(
      fc.property(anyDate, fc.integer({ min: -5000, max: 5000 }), (date, days) => {
        const other = addDays(date, days)
        expect(daysBetween(date, other)).toBe(days)
        expect((((weekday(other) - weekday(date) - days) % 7) + 7) % 7).toBe(0)
      }),
    )
  })
})

describe('zone conversions', () => {
  it('show what Intl shows, asked in any order', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), instantUs, (zone, tsUs) => {
        const ms = Math.floor(tsUs / 1000)
        const shown = new Date(ms).toLocaleString('sv-SE', { timeZone: zone.timeZone })
        const clockMs = Date.parse(`${shown.replace(' ', 'T')}Z`) % 86_400_000
        expect(zone.dateOf(tsUs)).toBe(shown.slice(0, 10))
        expect(zone.msOfDay(tsUs)).toBe(clockMs + (ms % 1000))
      }),
      { numRuns: 1000 },
    )
  })

  it('come back to the same instant, or to the first of two with the same clock time', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), instantUs, (zone, tsUs) => {
        const backUs = zone.toUs(zone.dateOf(tsUs), zone.msOfDay(tsUs))
        expect([zone.dateOf(backUs), zone.msOfDay(backUs)]).toEqual([zone.dateOf(tsUs), zone.msOfDay(tsUs)])
        const aheadUs = tsUs - (tsUs % 1000) - backUs
        expect(aheadUs === 0 || aheadUs === zone.offsetUsAt(backUs) - zone.offsetUsAt(tsUs)).toBe(true)
        expect(aheadUs).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 1000 },
    )
  })
})
