import { expect, it } from 'vitest'

import { LastData } from '../../../../collector/gaps/last-data.ts'
import { Mark } from '../../../../market/marks.ts'
import { quote } from '../record/recorder-support.ts'

it('what stood when a line was asked for is data and no news, and both go with the clock when it is set', () => {
  const lastData = new LastData()
  lastData.took(quote(1, 7), 1000)
  for (const marks of [Mark.initial, Mark.frozen | Mark.merged]) lastData.took({ ...quote(2, 7), marks }, 2000)
  expect([lastData.of({ instrument: 7 }), lastData.newsOf({ instrument: 7 })]).toEqual([2000, 1000])
  expect([lastData.latestUs, lastData.latestNewsUs]).toEqual([2000, 1000])
  expect(lastData.newsOf({ instrument: 3000 })).toBe(0)
  lastData.took({ ...quote(3, 3000), marks: Mark.late }, 3000)
  lastData.shift(50)
  expect([lastData.newsOf({ instrument: 7 }), lastData.newsOf({ instrument: 3000 }), lastData.latestNewsUs]).toEqual([1050, 3050, 3050])
  expect(lastData.newsOf({ instrument: 8 })).toBe(0)
})
