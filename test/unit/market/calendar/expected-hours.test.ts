import { describe, expect, it } from 'vitest'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { ExpectedHours } from '../../../../market/calendar/expected-hours.ts'

/** As read on a day, on the clocks of New York or of Chicago. */
const listed = (readOn: string, liquid: string, timeZone = 'US/Eastern') => ({ readOn, timeZone, trading: '', liquid })
const clock = (us: number) => {
  const minutes = nyse.zone.msOfDay(us) / 60_000
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
/** In New York. */
const on = (hours: ExpectedHours, date: string) =>
  hours.on(date).map(({ openUs, closeUs }) => `${nyse.zone.dateOf(openUs)} ${clock(openUs)}-${clock(closeUs)}`)

describe('the hours in which data is expected', () => {
  it('are those of the exchange, half days and holidays too, when none were listed', () => {
    const hours = new ExpectedHours(nyse, [])
    expect(on(hours, '2014-06-05')).toEqual(['2014-06-05 09:30-16:00'])
    expect(on(hours, '2014-07-03')).toEqual(['2014-07-03 09:30-13:00'])
    expect(on(hours, '2014-07-04')).toEqual([])
    expect(on(hours, '1997-06-05')).toEqual([])
  })

  it('are those that were listed: of an index on the clocks of Chicago, of a half day, of a closed day', () => {
    const index = listed('2014-07-02', '20140702:0830-20140702:1515;20140703:0830-20140703:1215;20140704:CLOSED', 'US/Central')
    const hours = new ExpectedHours(nyse, [index])
    expect(on(hours, '2014-07-02')).toEqual(['2014-07-02 09:30-16:15'])
    expect(on(hours, '2014-07-03')).toEqual(['2014-07-03 09:30-13:15'])
    expect(on(hours, '2014-07-04')).toEqual([])
  })

  it('are all sessions of a day with a pause', () => {
    const hours = new ExpectedHours(nyse, [listed('2014-06-05', '20140605:0930-20140605:1200;20140605:1300-20140605:1610')])
    expect(on(hours, '2014-06-05')).toEqual(['2014-06-05 09:30-12:00', '2014-06-05 13:00-16:10'])
  })

  it('are those of the last reading, in whatever order the readings come', () => {
    const early = listed('2014-06-04', '20140605:0930-20140605:1600;20140606:0930-20140606:1600')
    const late = listed('2014-06-06', '20140606:0930-20140606:1615')
    for (const lists of [
      [early, late],
      [late, early],
    ]) {
      const hours = new ExpectedHours(nyse, lists)
      expect([on(hours, '2014-06-05'), on(hours, '2014-06-06')]).toEqual([['2014-06-05 09:30-16:00'], ['2014-06-06 09:30-16:15']])
    }
  })

  it('of a day that was never listed are the exchange’s with what the contract trades beside them', () => {
    const hours = new ExpectedHours(nyse, [listed('2014-06-05', '20140605:0930-20140605:1615;20140606:0930-20140606:1615')])
    expect(on(hours, '2014-06-09')).toEqual(['2014-06-09 09:30-16:15'])
    expect(on(hours, '2014-07-03')).toEqual(['2014-07-03 09:30-13:15'])
    expect(on(hours, '2014-07-04')).toEqual([])
  })

  it.each([
    ['a half day', '20140703:0930-20140703:1500'],
    ['a contract that trades elsewhere', '20140605:0300-20140605:1130'],
    ['a contract that trades all day', '20140605:0000-20140605:2359'],
    ['a contract with a pause', '20140605:0930-20140605:1200,1230-1615'],
    ['a contract with a pause between two entries', '20140605:0930-20140605:1200;20140605:1230-20140605:1615'],
    ['a list that cannot be read', 'nonsense'],
  ])('of other days do not follow from %s', (_, liquid) => {
    expect(on(new ExpectedHours(nyse, [listed('2014-06-05', liquid)]), '2014-06-10')).toEqual(['2014-06-10 09:30-16:00'])
  })
})
