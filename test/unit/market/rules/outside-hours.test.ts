import { describe, expect, it } from 'vitest'
import { Mark } from '../../../../market/marks.ts'
import { outsideHours } from '../../../../market/rules/outside-hours.ts'
import { usFromIso } from '../../../../market/time.ts'
import { findingOf, OPTION, quoteOf, STOCK, tradeOf } from '../../../support/rules.ts'

const at = (time: string) => ({ ...quoteOf(1, 1.1), tsUs: usFromIso(`${time}-04:00`) })
const SATURDAY = '2014-06-07T12:00:00'

describe('outside-hours', () => {
  it('flags what comes while the contract does not trade', () => {
    expect(findingOf(outsideHours, at('2014-06-05T16:20:00'), {}, OPTION)).toEqual({
      rule: 'outside-hours',
      severity: 'warning',
      disposition: 'flag',
      reason: 'the contract does not trade at this time',
    })
    expect(findingOf(outsideHours, { ...tradeOf(1), tsUs: usFromIso(`${SATURDAY}-04:00`) }, {}, STOCK)).toBeDefined()
  })

  it.each([
    ['in its regular hours', '2014-06-05T12:00:00', OPTION],
    ['a few minutes before them', '2014-06-05T09:26:00', OPTION],
    ['a few minutes behind the last ones', '2014-06-05T16:19:00', OPTION],
    ['in extended hours', '2014-06-05T18:00:00', STOCK],
    ['in the overnight session', '2014-06-05T23:00:00', STOCK],
    ['while nothing is known of its hours', SATURDAY, { ...STOCK, currency: 'HKD' }],
  ])('lets a quote pass %s', (_, time, contract) => {
    expect(findingOf(outsideHours, at(time), {}, contract)).toBeUndefined()
  })

  it('lets a few minutes be set', () => {
    expect(findingOf(outsideHours, at('2014-06-05T16:20:00'), { graceMinutes: 6 }, OPTION)).toBeUndefined()
  })

  it.each([['initial'], ['frozen'], ['late'], ['preOpen'], ['overnight']] as const)('lets a quote pass that is marked %s', (mark) => {
    expect(findingOf(outsideHours, { ...at(SATURDAY), marks: Mark[mark] }, {}, OPTION)).toBeUndefined()
  })

  it('lets delayed data of the last minutes pass', () => {
    expect(findingOf(outsideHours, { ...at('2014-06-05T16:30:00'), delayed: true }, {}, OPTION)).toBeUndefined()
    expect(findingOf(outsideHours, { ...at('2014-06-05T16:36:00'), delayed: true }, {}, OPTION)).toBeDefined()
  })
})
