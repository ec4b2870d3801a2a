import { describe, expect, it } from 'vitest'
import { LiquidHours } from '../../../../market/calendar/listed-hours.ts'
import { usFromIso } from '../../../../market/time.ts'

const hours = (liquid: string, timeZone = 'US/Eastern') => new LiquidHours({ liquid, timeZone })
/** In New York, in summer. */
const ny = (date: string, time: string) => usFromIso(`${date}T${time}:00Z`) + 4 * 3_600_000_000

describe('listed hours', () => {
  const week = hours('20140605:0930-20140605:1600;20140606:0930-20140606:1300;20140607:CLOSED')

  it('say when a contract trades, and since when it does not', () => {
    expect(week.at(ny('2014-06-05', '09:30'))).toEqual({ isOpen: true })
    expect(week.at(ny('2014-06-05', '16:00'))).toEqual({ isOpen: false, closedSinceUs: ny('2014-06-05', '16:00') })
    expect(week.at(ny('2014-06-06', '12:59'))).toEqual({ isOpen: true })
    expect(week.at(ny('2014-06-07', '11:00'))).toEqual({ isOpen: false, closedSinceUs: ny('2014-06-06', '13:00') })
  })

  it('say nothing of days that are not listed', () => {
    expect(week.at(ny('2014-06-04', '23:59'))).toBeUndefined()
    expect(week.at(ny('2014-06-08', '00:00'))).toBeUndefined()
  })

  it('may be several in a day, begin the day before, or name the day once', () => {
    const index = hours('20140605:20140604:2015-20140605:0925,0930-1615')
    expect(index.at(ny('2014-06-05', '12:00'))).toEqual({ isOpen: true })
    const night = hours('20140605:0930-1615,2015-20140606:0915')
    expect(night.at(ny('2014-06-05', '23:00'))).toEqual({ isOpen: true })
    expect(night.at(ny('2014-06-05', '17:00'))).toEqual({ isOpen: false, closedSinceUs: ny('2014-06-05', '16:15') })
  })

  it('give the sessions of each day that they list, and none of a closed one', () => {
    expect(week.dates).toEqual(['2014-06-05', '2014-06-06', '2014-06-07'])
    expect(week.on('2014-06-06')).toEqual([{ openUs: ny('2014-06-06', '09:30'), closeUs: ny('2014-06-06', '13:00') }])
    expect(week.on('2014-06-07')).toEqual([])
    expect(week.on('2014-06-08')).toBeUndefined()
  })

  it('have all sessions of a day that has an entry for each', () => {
    const lunch = hours('20140605:1300-20140605:1610;20140605:0930-20140605:1200;20140606:CLOSED')
    expect(lunch.dates).toEqual(['2014-06-05', '2014-06-06'])
    expect(lunch.on('2014-06-05')).toEqual([
      { openUs: ny('2014-06-05', '09:30'), closeUs: ny('2014-06-05', '12:00') },
      { openUs: ny('2014-06-05', '13:00'), closeUs: ny('2014-06-05', '16:10') },
    ])
    expect(lunch.at(ny('2014-06-05', '12:30'))).toEqual({ isOpen: false, closedSinceUs: ny('2014-06-05', '12:00') })
  })

  it.each([
    ['', 'US/Eastern'],
    ['nonsense', 'US/Eastern'],
    ['20140605:0930-', 'US/Eastern'],
    ['20140605:0930-20140605:2430', 'US/Eastern'],
    ['20140605:0930-20141345:1600', 'US/Eastern'],
    ['20141345:CLOSED', 'US/Eastern'],
    ['20140605:0930-20140605:1600', 'Nowhere/At all'],
  ])('that cannot be read (%s, %s) say nothing', (liquid, timeZone) => {
    expect(hours(liquid, timeZone).at(ny('2014-06-05', '12:00'))).toBeUndefined()
  })
})
