import { describe, expect, it } from 'vitest'

import { ContractHours, HoursBook, mergedHours } from '../../../../../backtester/gateway/contracts/contract-hours.ts'
import { nyse } from '../../../../../market/calendar/calendar.ts'
import { ExpectedHours } from '../../../../../market/calendar/expected-hours.ts'
import type { Contract, ListedHours } from '../../../../../market/contract.ts'
import { isoFromUs, usFromIso } from '../../../../../market/time.ts'
import { JUNE_70_CALL, TWX } from '../../../../support/gateway/gateway-tape.ts'

/** In New York, in summer. */
const ny = (date: string, time: string) => usFromIso(`${date}T${time}:00Z`) + 4 * 3_600_000_000
/** As options on an index have them: in the evening, in the day, and a quarter of an hour behind the stocks. */
const INDEX_HOURS: ListedHours = {
  readOn: '2014-06-05',
  timeZone: 'US/Central',
  trading: '20140604:1915-20140605:0815,20140605:0830-20140605:1515;20140606:0830-20140606:1515;20140607:CLOSED',
  liquid: '20140605:0830-20140605:1515;20140606:0830-20140606:1515;20140607:CLOSED',
}
const OPTION: Contract = { ...JUNE_70_CALL, hours: INDEX_HOURS }
const FUTURE: Contract = {
  kind: 'future',
  symbol: 'ES',
  currency: 'USD',
  expiry: '2014-06-20',
  multiplier: 50,
  tradingClass: 'ES',
  venue: 'CME',
}

const shown = (hours: ContractHours, from: string, to: string, isRegular: boolean) =>
  hours
    .sessions(from, to, isRegular)
    .map(({ date, openUs, closeUs }) => [date, isoFromUs(openUs).slice(5, 16), isoFromUs(closeUs).slice(5, 16)])

describe('the hours of a contract', () => {
  const listed = new ContractHours(OPTION)

  it('are those that were listed, where they were, else those of the calendar and as much beside them', () => {
    expect(shown(listed, '2014-06-04', '2014-06-09', true)).toEqual([
      ['2014-06-04', '06-04T13:30', '06-04T20:15'],
      ['2014-06-05', '06-05T13:30', '06-05T20:15'],
      ['2014-06-06', '06-06T13:30', '06-06T20:15'],
      ['2014-06-09', '06-09T13:30', '06-09T20:15'],
    ])
    expect(shown(listed, '2014-06-05', '2014-06-05', false)).toEqual([
      ['2014-06-05', '06-05T00:15', '06-05T13:15'],
      ['2014-06-05', '06-05T13:30', '06-05T20:15'],
    ])
    expect(shown(new ContractHours(TWX), '2014-07-03', '2014-07-04', false)).toEqual([['2014-07-03', '07-03T08:00', '07-03T21:00']])
    expect([listed.timeZone, new ContractHours(TWX).timeZone]).toEqual(['US/Central', 'US/Eastern'])
  })

  it('are all sessions of a day that has an entry for each', () => {
    const liquid = '20140605:0930-20140605:1200;20140605:1300-20140605:1610;20140606:CLOSED'
    const lunch = new ContractHours({ ...OPTION, hours: { readOn: '2014-06-05', timeZone: 'Asia/Hong_Kong', trading: liquid, liquid } })
    expect(shown(lunch, '2014-06-05', '2014-06-06', true)).toEqual([
      ['2014-06-05', '06-05T01:30', '06-05T04:00'],
      ['2014-06-05', '06-05T05:00', '06-05T08:10'],
    ])
    const isOpenAt = (time: string) => lunch.isOpenAt(usFromIso(`2014-06-05T${time}:00Z`))
    expect(['02:00', '04:30', '06:00'].map(isOpenAt)).toEqual([true, false, true])
  })

  it('of the evening and of the day that begin on one date belong to the days on which they end', () => {
    const trading = '20140605:1530-20140605:1600;20140605:1700-20140606:1515'
    const future = new ContractHours({ ...FUTURE, hours: { readOn: '2014-06-05', timeZone: 'US/Central', trading, liquid: '' } })
    expect(shown(future, '2014-06-05', '2014-06-06', false)).toEqual([
      ['2014-06-05', '06-05T20:30', '06-05T21:00'],
      ['2014-06-06', '06-05T22:00', '06-06T20:15'],
    ])
  })

  it('say when it is open and since when', () => {
    const moments = [
      ny('2014-06-05', '16:14'),
      ny('2014-06-05', '16:15'),
      ny('2014-06-07', '10:00'),
      ny('2014-06-04', '15:59'),
      ny('2014-06-09', '16:14'),
      ny('2014-06-09', '16:15'),
    ]
    expect(moments.map((us) => listed.isOpenAt(us))).toEqual([true, false, false, true, true, false])
    expect(moments.map((us) => new ContractHours(JUNE_70_CALL).isOpenAt(us))).toEqual([false, false, false, true, false, false])
    expect(listed.openUs(ny('2014-06-05', '16:14'))).toBe(ny('2014-06-05', '09:30'))
    expect(listed.openUs(ny('2014-06-05', '08:00'))).toBe(ny('2014-06-05', '09:30'))
    expect(listed.openUs(ny('2014-06-07', '10:00'))).toBeUndefined()
  })

  it('are those that the report of gaps expects, listed or not', () => {
    const expected = new ExpectedHours(nyse, [INDEX_HOURS])
    for (const date of ['2014-06-04', '2014-06-05', '2014-06-06', '2014-06-07', '2014-06-09', '2014-07-03', '2014-07-04'])
      expect(listed.sessionsOn(date, true)).toEqual(expected.on(date))
    expect(shown(listed, '2014-07-03', '2014-07-03', false)).toEqual([['2014-07-03', '07-03T13:30', '07-03T17:15']])
  })

  it('end a day with its last session, and what began in the evening with that of the next day', () => {
    expect(listed.endOfDayUs(ny('2014-06-05', '10:00'), true)).toBe(ny('2014-06-05', '16:15'))
    expect(listed.endOfDayUs(ny('2014-06-04', '21:00'), false)).toBe(ny('2014-06-05', '16:15'))
    expect(new ContractHours(TWX).endOfDayUs(ny('2014-06-05', '10:00'), false)).toBe(ny('2014-06-05', '20:00'))
    expect(new ContractHours(FUTURE).endOfDayUs(ny('2014-06-05', '10:00'), true)).toBe(ny('2014-06-06', '00:00'))
    expect(new ContractHours(TWX).endOfDayUs(ny('1990-01-02', '10:00'), true)).toBe(ny('1990-01-03', '01:00'))
  })

  it('of a future are those that were listed, or none', () => {
    expect(shown(new ContractHours({ ...FUTURE, hours: INDEX_HOURS }), '2014-06-04', '2014-06-05', true)).toEqual([
      ['2014-06-05', '06-05T13:30', '06-05T20:15'],
    ])
    expect(shown(new ContractHours(FUTURE), '2014-06-04', '2014-06-05', true)).toEqual([])
  })

  it('in a time zone that nothing knows are those of the calendar', () => {
    const odd = new ContractHours({ ...OPTION, hours: { ...INDEX_HOURS, timeZone: 'EST (Eastern Standard Time)' } })
    expect(shown(odd, '2014-06-05', '2014-06-05', true)).toEqual([['2014-06-05', '06-05T13:30', '06-05T20:00']])
    expect(odd.timeZone).toBe('US/Eastern')
  })

  it('are read once for all contracts that share them', () => {
    const book = new HoursBook()
    expect(book.of(OPTION)).toBe(book.of({ ...OPTION, hours: { ...INDEX_HOURS } }))
    expect(book.of(OPTION)).not.toBe(book.of(JUNE_70_CALL))
    expect(book.of(TWX)).not.toBe(book.of(JUNE_70_CALL))
  })
})

describe('hours that were read on several days', () => {
  it('have every day, as it was listed last', () => {
    const earlier = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: 'x', liquid: '20140605:0930-1600;20140606:0930-1600' }
    const later = { ...earlier, readOn: '2014-06-06', liquid: '20140606:0930-1300;20140607:CLOSED' }
    expect(mergedHours(earlier, later)).toEqual({ ...later, liquid: '20140605:0930-1600;20140606:0930-1300;20140607:CLOSED' })
  })

  it('keep all entries of a day, those of the later list alone', () => {
    const earlier = {
      readOn: '2014-06-05',
      timeZone: 'Asia/Hong_Kong',
      trading: '',
      liquid: '20140605:0930-20140605:1200;20140605:1300-20140605:1610;20140606:0930-20140606:1200;20140606:1300-20140606:1610',
    }
    const later = {
      ...earlier,
      readOn: '2014-06-06',
      liquid: '20140606:0930-20140606:1200;20140609:0930-20140609:1200;20140609:1300-20140609:1610',
    }
    expect(mergedHours(earlier, later)?.liquid).toBe(
      '20140605:0930-20140605:1200;20140605:1300-20140605:1610;20140606:0930-20140606:1200;20140609:0930-20140609:1200;20140609:1300-20140609:1610',
    )
  })

  it('in a zone that was renamed are both', () => {
    const earlier = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '', liquid: '20140605:0930-20140605:1615' }
    const later = { readOn: '2014-06-06', timeZone: 'America/New_York', trading: '', liquid: '20140606:0930-20140606:1615' }
    expect(mergedHours(earlier, later)).toEqual({ ...later, liquid: '20140605:0930-20140605:1615;20140606:0930-20140606:1615' })
    expect(mergedHours({ ...earlier, timeZone: 'EST (Eastern Standard Time)' }, later)).toBe(later)
  })

  it('in different zones are the later ones', () => {
    const central = { ...INDEX_HOURS, timeZone: 'US/Eastern' }
    expect(mergedHours(INDEX_HOURS, central)).toBe(central)
    expect([mergedHours(INDEX_HOURS, undefined), mergedHours(undefined, central)]).toEqual([INDEX_HOURS, central])
  })
})
