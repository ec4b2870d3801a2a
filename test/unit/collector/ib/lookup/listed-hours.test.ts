import { expect, it, onTestFinished, vi } from 'vitest'

import { hoursOf } from '../../../../../collector/ib/lookup/listed-hours.ts'

const day = (n: number) => `2014060${n}:0930-2014060${n}:1600`

it('the hours of a contract are the next days that IB lists, with the day on which they were read', () => {
  vi.useFakeTimers({ now: Date.UTC(2014, 5, 5, 23, 59) })
  onTestFinished(() => void vi.useRealTimers())
  const listed = [1, 2, 3, 4, 5, 6, 7].map(day).join(';')
  expect(hoursOf({ contract: {}, tradingHours: listed, liquidHours: '20140607:CLOSED', timeZoneId: 'US/Eastern' })).toEqual({
    hours: { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: [1, 2, 3, 4, 5].map(day).join(';'), liquid: '20140607:CLOSED' },
  })
})

it('a day with an entry for each session is one day', () => {
  const twice = (n: number) => `2014060${n}:0930-2014060${n}:1200;2014060${n}:1300-2014060${n}:1610`
  const listed = (...days: number[]) => days.map(twice).join(';')
  const { hours } = hoursOf({ contract: {}, liquidHours: listed(1, 2, 3, 4, 5, 6), timeZoneId: 'US/Eastern' })
  expect(hours?.liquid).toBe(listed(1, 2, 3, 4, 5))
})

it.each([{}, { timeZoneId: 'US/Eastern' }, { tradingHours: day(1) }, { tradingHours: '', liquidHours: '', timeZoneId: 'US/Eastern' }])(
  'a contract has none where IB lists none: %j',
  (details) => {
    expect(hoursOf({ contract: {}, ...details })).toEqual({})
  },
)
