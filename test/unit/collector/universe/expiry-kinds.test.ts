import { expect, it } from 'vitest'

import { isMonthly } from '../../../../collector/universe/expiry-kinds.ts'

it.each([
  ['the third Friday', 'TWX', 'TWX', '2026-11-20', true],
  ['the Saturday behind it, before 2015', 'TWX', 'TWX', '2014-06-21', true],
  ['the Thursday before it where it is Good Friday', 'TWX', 'TWX', '2019-04-18', true],
  ['the Thursday before an ordinary one', 'TWX', 'TWX', '2026-11-19', false],
  ['another Friday', 'TWX', 'TWX', '2026-11-27', false],
  ['SPX, which is settled at the opening', 'SPX', 'SPX', '2026-11-20', true],
  ['SPXW on the same day', 'SPX', 'SPXW', '2026-11-20', false],
  ['VIX, 30 days before the next third Friday', 'VIX', 'VIX', '2026-11-18', true],
  ['VIXW', 'VIX', 'VIXW', '2026-11-25', false],
  ['a day before the calendar begins', 'TWX', 'TWX', '1901-03-14', false],
])('of %s is known whether it is a monthly expiry', (_, symbol, tradingClass, expiry, monthly) => {
  expect(isMonthly({ symbol, tradingClass, expiry })).toBe(monthly)
})
