import { expect, it } from 'vitest'

import { tradingDayValues } from '../../../../backtester/metrics/trading-days.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { usFromIso } from '../../../../market/time.ts'

const values = (...points: [time: string, equity: number][]) =>
  tradingDayValues(
    points.map(([time, equity]) => ({ tsUs: usFromIso(time), equity })),
    nyse,
  ).map(({ date, value }) => `${date} ${value}`)

it('puts an equity curve on trading days, without those on which the exchange is closed', () => {
  // Good Friday is 2014-04-18; 03:00 UTC is still the day before in New York.
  expect(
    values(
      ['2014-04-16T14:00:00Z', 100],
      ['2014-04-16T20:00:00Z', 101],
      ['2014-04-18T03:00:00Z', 102],
      ['2014-04-19T15:00:00Z', 103],
      ['2014-04-22T15:00:00Z', 104],
    ),
  ).toEqual(['2014-04-16 101', '2014-04-17 102', '2014-04-21 103', '2014-04-22 104'])
})

it('lets a day without a point keep the value before, and an end on a weekend count for the last session', () => {
  expect(values(['2014-06-02T14:00:00Z', 1], ['2014-06-04T14:00:00Z', 2], ['2014-06-07T14:00:00Z', 3])).toEqual([
    '2014-06-02 1',
    '2014-06-03 1',
    '2014-06-04 2',
    '2014-06-05 2',
    '2014-06-06 3',
  ])
})

it('takes midnight for the end of the day before, where bars of days end', () => {
  expect(values(['2014-06-06T04:00:00Z', 1], ['2014-06-07T04:00:00Z', 2], ['2014-06-10T04:00:00Z', 3])).toEqual([
    '2014-06-05 1',
    '2014-06-06 2',
    '2014-06-09 3',
  ])
})

it('gives nothing without a point, and one day for a weekend', () => {
  expect(values()).toEqual([])
  expect(values(['2014-06-07T14:00:00Z', 3])).toEqual(['2014-06-06 3'])
})
