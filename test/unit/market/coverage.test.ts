import { describe, expect, it } from 'vitest'
import { nyse } from '../../../market/calendar/calendar.ts'
import { type ContractHistory, coverageByDay } from '../../../market/coverage.ts'
import { usFromIso } from '../../../market/time.ts'

const MINUTE_US = 60_000_000
const at = (time: string) => usFromIso(`2014-06-05T${time}Z`)
const span = (from: string, to: string) => ({ fromUs: at(from), toUs: at(to) })
/** 09:30 to 16:00 in New York. */
const DAY = span('13:30:00', '20:00:00')
const RANGE = { fromUs: usFromIso('2014-06-05T00:00:00Z'), toUs: usFromIso('2014-06-06T00:00:00Z') }

const coverage = (...histories: ContractHistory[]) => coverageByDay(nyse, histories, RANGE)
const minutes = (us: number) => us / MINUTE_US

describe('the coverage of a day', () => {
  it('is whole for a contract that was held from before the open until behind the close', () => {
    expect(coverage({ symbol: 'TWX', held: [span('12:00:00', '21:00:00')], gaps: [] })).toEqual([
      { date: '2014-06-05', symbol: 'TWX', contracts: 1, expectedUs: 390 * MINUTE_US, coveredUs: 390 * MINUTE_US, causes: [] },
    ])
  })

  it('misses what lies in gaps within trading hours, by cause', () => {
    const gaps = [
      { ...span('13:00:00', '13:40:00'), cause: 'link-lost' },
      { ...span('15:00:00', '15:30:00'), cause: 'ib-1100' },
    ]
    const [day] = coverage({ symbol: 'TWX', held: [span('12:00:00', '13:00:00'), span('13:40:00', '21:00:00')], gaps })
    expect(minutes(day?.expectedUs ?? 0)).toBe(390)
    expect(minutes(day?.coveredUs ?? 0)).toBe(350)
    expect(day?.causes.map(({ cause, us }) => [cause, minutes(us)])).toEqual([
      ['ib-1100', 30],
      ['link-lost', 10],
    ])
  })

  it('counts time of two gaps once, for the earlier one', () => {
    const gaps = [
      { ...span('14:00:00', '15:00:00'), cause: 'a' },
      { ...span('14:30:00', '14:40:00'), cause: 'b' },
      { ...span('14:50:00', '15:10:00'), cause: 'c' },
    ]
    const [day] = coverage({ symbol: 'TWX', held: [DAY], gaps })
    expect(day?.causes.map(({ cause, us }) => [cause, minutes(us)])).toEqual([
      ['a', 60],
      ['c', 10],
    ])
    expect(minutes(day?.coveredUs ?? 0)).toBe(320)
  })

  it('expects nothing of time in which a contract was not wanted', () => {
    const [day] = coverage({ symbol: 'TWX', held: [span('13:30:00', '14:00:00'), span('19:00:00', '23:00:00')], gaps: [] })
    expect([day?.expectedUs, day?.coveredUs].map((us) => minutes(us ?? 0))).toEqual([90, 90])
  })

  it('is told of each symbol, over its contracts, and not of days without trading', () => {
    const held = [{ fromUs: usFromIso('2014-06-05T00:00:00Z'), toUs: usFromIso('2014-06-09T20:00:00Z') }]
    const gap = { ...DAY, cause: 'refused: 354' }
    const days = coverageByDay(
      nyse,
      [
        { symbol: 'TWX', held, gaps: [] },
        { symbol: 'TWX', held: [], gaps: [gap] },
        { symbol: 'FOXA', held, gaps: [] },
      ],
      { fromUs: RANGE.fromUs, toUs: usFromIso('2014-06-10T00:00:00Z') },
    )
    expect(days.map(({ date, symbol, contracts, expectedUs, coveredUs }) => [date, symbol, contracts, coveredUs / expectedUs])).toEqual([
      ['2014-06-05', 'FOXA', 1, 1],
      ['2014-06-05', 'TWX', 2, 0.5],
      ['2014-06-06', 'FOXA', 1, 1],
      ['2014-06-06', 'TWX', 1, 1],
      ['2014-06-09', 'FOXA', 1, 1],
      ['2014-06-09', 'TWX', 1, 1],
    ])
  })

  it('is of the hours of each contract, where it has some of its own', () => {
    const late = { openUs: at('13:30:00'), closeUs: at('20:15:00') }
    const morning = [
      { openUs: at('12:00:00'), closeUs: at('13:00:00') },
      { openUs: at('14:00:00'), closeUs: at('15:00:00') },
    ]
    const held = [span('11:00:00', '22:00:00')]
    const gaps = [
      { ...span('14:30:00', '14:40:00'), cause: 'a' },
      { ...span('20:05:00', '20:30:00'), cause: 'b' },
    ]
    const days = coverage(
      { symbol: 'SPX', held, gaps, hoursOn: (date) => (date === '2014-06-05' ? [late] : []) },
      { symbol: 'VOD', held, gaps, hoursOn: (date) => (date === '2014-06-05' ? morning : []) },
    )
    expect(days.map(({ symbol, expectedUs, coveredUs }) => [symbol, minutes(expectedUs), minutes(coveredUs)])).toEqual([
      ['SPX', 405, 385],
      ['VOD', 120, 110],
    ])
  })

  it('counts hours that lie on another date elsewhere', () => {
    const hours = { openUs: usFromIso('2014-06-05T00:00:00Z'), closeUs: usFromIso('2014-06-05T06:00:00Z') }
    const held = [{ fromUs: usFromIso('2014-06-05T00:30:00Z'), toUs: usFromIso('2014-06-05T03:00:00Z') }]
    // In New York it was still the day before.
    const days = coverage({ symbol: '7203', held, gaps: [], hoursOn: (date) => (date === '2014-06-05' ? [hours] : []) })
    expect(days.map(({ date, expectedUs }) => [date, minutes(expectedUs)])).toEqual([['2014-06-05', 150]])
  })
})
