import { describe, expect, it } from 'vitest'
import { Mark } from '../../../../market/marks.ts'
import { duplicateMessage } from '../../../../market/rules/duplicate-message.ts'
import { quoteOf, RULES_START_US, RulesAtWork, tradeOf } from '../../../support/rules.ts'

const VOLUME = { kind: 'statistic', instrument: 0, name: 'day-volume', value: 100 } as const

/** What is found on the second of two ticks, a millisecond behind the first unless it says otherwise. */
function second(a: object, b: object = a) {
  const rules = new RulesAtWork([duplicateMessage])
  rules.verdictOn({ ...(a as typeof VOLUME), tsUs: RULES_START_US })
  return rules.findingsOn({ tsUs: RULES_START_US + 1000, ...(b as typeof VOLUME) })
}

describe('duplicate-message', () => {
  it('notes a quote or figure that repeats the one before it', () => {
    expect(second(quoteOf(1, 2))).toEqual(['duplicate-message: repeats what came 1.0 ms before'])
    expect(second(quoteOf(undefined, 2))).toHaveLength(1)
    expect(second(VOLUME)).toHaveLength(1)
    expect(second({ ...VOLUME, name: 'dividends', value: undefined, text: '1,1' })).toHaveLength(1)
  })

  it.each([
    ['another price', quoteOf(1, 2), quoteOf(1, 2.01)],
    ['another bid', quoteOf(1, 2), quoteOf(1.01, 2)],
    ['another size of the bid', quoteOf(1, 2, 3), quoteOf(1, 2, 4)],
    ['another size of the ask', quoteOf(1, 2, 3, 4), quoteOf(1, 2, 3, 5)],
    ['data that was delayed', quoteOf(1, 2), { ...quoteOf(1, 2), delayed: true }],
    ['another text', { ...VOLUME, text: 'a' }, { ...VOLUME, text: 'b' }],
    ['a side that is gone', quoteOf(1, 2), quoteOf(1)],
    ['another mark', quoteOf(1, 2), { ...quoteOf(1, 2), marks: Mark.preOpen }],
    ['a time of its own', { ...quoteOf(1, 2), eventTsUs: 1 }, { ...quoteOf(1, 2), eventTsUs: 2 }],
    ['the other book', quoteOf(1, 2), { ...quoteOf(1, 2), source: 'tick-by-tick' }],
    ['another instrument', quoteOf(1, 2), { ...quoteOf(1, 2), instrument: 1 }],
    ['a sample of later on', quoteOf(1, 2), { ...quoteOf(1, 2), tsUs: RULES_START_US + 1_001_000 }],
    ['a line that was asked for again', quoteOf(1, 2), { ...quoteOf(1, 2), marks: Mark.initial }],
    ['another value', VOLUME, { ...VOLUME, value: 101 }],
    ['another figure', VOLUME, { ...VOLUME, name: 'put-volume' }],
    ['an equal trade, which is another trade', tradeOf(1, 100), tradeOf(1, 100)],
  ])('lets %s pass', (_, a, b) => {
    expect(second(a, b)).toEqual([])
  })
})
