import { expect, it } from 'vitest'

import { namedDay } from '../../../../market/bars/series.ts'

it.each([
  [17_458, 'Thursday 2017-10-19'],
  [0, 'Thursday 1970-01-01'],
  [-1, 'Wednesday 1969-12-31'],
  [-7, 'Thursday 1969-12-25'],
])('The day %i from 1970 on is named %s', (day, name) => {
  expect(namedDay(day)).toBe(name)
})
