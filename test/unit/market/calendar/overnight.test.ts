import { expect, it } from 'vitest'

import { createOvernightSession } from '../../../../market/calendar/overnight.ts'
import { usFromIso } from '../../../../market/time.ts'

it.each([
  ['2014-06-05T23:59:59.999999Z', false],
  ['2014-06-06T00:00:00Z', true],
  ['2014-06-06T07:49:59.999999Z', true],
  ['2014-06-06T07:50:00Z', false],
  ['2014-06-06T13:30:00Z', false],
  // New York is five hours behind in winter.
  ['2014-12-05T00:59:59Z', false],
  ['2014-12-05T01:00:00Z', true],
  ['2014-12-05T08:49:59Z', true],
  ['2014-12-05T08:50:00Z', false],
])('the overnight session: %s belongs to it, %s', (ts, belongs) => {
  expect(createOvernightSession()(usFromIso(ts))).toBe(belongs)
})
