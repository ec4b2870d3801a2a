/** Folds of a walk-forward over trading days. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type FoldOptions, foldsOf, holdoutDays } from '../../../../backtester/experiments/folds.ts'
import { rangeOf, tradingDates } from '../../../../backtester/experiments/trading-time.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { usFromIso } from '../../../../market/time.ts'

const plain: FoldOptions = { train: 4, test: 2, step: 2, isAnchored: false, purge: 0, embargo: 0 }

describe('folds', () => {
  it('roll over the days', () => {
    expect(foldsOf(9, plain)).toEqual([
      { train: { from: 0, to: 4 }, test: { from: 4, to: 6 }, embargoed: [] },
      { train: { from: 2, to: 6 }, test: { from: 6, to: 8 }, embargoed: [] },
    ])
  })

  it('grow from the first day when they are anchored', () => {
    expect(foldsOf(10, { ...plain, isAnchored: true }).map(({ train }) => train)).toEqual([
      { from: 0, to: 4 },
      { from: 0, to: 6 },
      { from: 0, to: 8 },
    ])
  })

  it('leave days out between training and test, and behind each test', () => {
    expect(foldsOf(13, { ...plain, isAnchored: true, purge: 1, embargo: 1 })).toEqual([
      { train: { from: 0, to: 4 }, test: { from: 5, to: 7 }, embargoed: [] },
      { train: { from: 0, to: 6 }, test: { from: 7, to: 9 }, embargoed: [] },
      { train: { from: 0, to: 8 }, test: { from: 9, to: 11 }, embargoed: [{ from: 7, to: 8 }] },
      {
        train: { from: 0, to: 10 },
        test: { from: 11, to: 13 },
        embargoed: [
          { from: 7, to: 8 },
          { from: 9, to: 10 },
        ],
      },
    ])
  })

  it('never overlap in test, and never train on what comes less than the purge before the test', () => {
    const sizes = fc.record({
      train: fc.integer({ min: 1, max: 60 }),
      test: fc.integer({ min: 1, max: 30 }),
      more: fc.integer({ min: 0, max: 20 }),
      isAnchored: fc.boolean(),
      purge: fc.integer({ min: 0, max: 10 }),
      days: fc.integer({ min: 200, max: 600 }),
    })
    fc.assert(
      fc.property(sizes, ({ more, days, ...given }) => {
        const options = { ...given, step: given.test + more, embargo: 0 }
        const folds = foldsOf(days, options)
        let tested = 0
        for (const { train, test } of folds) {
          expect(test.from).toBeGreaterThanOrEqual(tested)
          expect(train.to).toBe(test.from - options.purge)
          expect(train.from).toBeGreaterThanOrEqual(0)
          if (options.isAnchored) expect(train.from).toBe(0)
          else expect(train.to - train.from).toBe(options.train)
          expect(test.to - test.from).toBe(options.test)
          tested = test.to
        }
        expect(tested).toBeLessThanOrEqual(days)
        expect(tested + options.step).toBeGreaterThan(days)
      }),
    )
  })

  it('count no day in training that lies in the embargo behind an earlier test', () => {
    const sizes = fc.record({ embargo: fc.integer({ min: 1, max: 9 }), purge: fc.integer({ min: 0, max: 5 }), isAnchored: fc.boolean() })
    fc.assert(
      fc.property(sizes, (given) => {
        const folds = foldsOf(200, { ...plain, train: 40, test: 10, step: 10, ...given })
        for (const [index, { train, embargoed }] of folds.entries())
          for (const { test } of folds.slice(0, index))
            for (let day = test.to; day < test.to + given.embargo; day++)
              if (day >= train.from && day < train.to) expect(embargoed.some(({ from, to }) => day >= from && day < to)).toBe(true)
      }),
    )
  })

  it.each([
    [7, {}, 'The data has 7 trading days without the holdout: expected at least 8'],
    [20, { step: 1 }, '--step: expected 2 days or more'],
    [40, { train: 2, test: 2, step: 4, embargo: 9 }, '--embargo: 9 days behind each test leave no day of a training of 2 days'],
  ])('that cannot be made are refused with the numbers: %i days, %j', (days, given, message) => {
    expect(() => foldsOf(days, { ...plain, ...given })).toThrow(message)
  })
})

describe('a holdout', () => {
  it('is a part of the days, or a number of them', () => {
    expect(holdoutDays('20%', 252)).toBe(50)
    expect(holdoutDays('63', 252)).toBe(63)
  })

  it.each(['0', '100%', '252', '1.5', 'x', ''])('is refused where nothing is left of either side: %j', (text) => {
    expect(() => holdoutDays(text, 252)).toThrow('--holdout: expected a part such as 20%, or 1 to 251')
  })
})

describe('trading time', () => {
  const at = (date: string) => nyse.zone.toUs(date, 0)
  const dates = tradingDates({ fromUs: at('2014-07-01'), toUs: at('2014-07-09') })
  it('counts the days on which the market is open', () => {
    expect(dates).toEqual(['2014-07-01', '2014-07-02', '2014-07-03', '2014-07-07', '2014-07-08'])
  })

  it('has the days of which some of the session is asked for: midnight in UTC is the evening before', () => {
    const [fromUs, toUs] = [usFromIso('2014-07-02T00:00:00Z'), usFromIso('2014-07-08T13:30:00Z')]
    const asked = tradingDates({ fromUs, toUs })
    expect(asked).toEqual(['2014-07-02', '2014-07-03', '2014-07-07'])
    expect(tradingDates({ fromUs: usFromIso('2014-07-02T19:59:59Z'), toUs: toUs + 1 })).toEqual([...asked, '2014-07-08'])
  })

  it('reaches out of no range that was asked for', () => {
    const asked = { fromUs: usFromIso('2014-07-02T15:00:00Z'), toUs: usFromIso('2014-07-07T15:00:00Z') }
    const days = tradingDates(asked)
    expect(rangeOf(days, { from: 0, to: 2 }, { asked })).toEqual({ fromUs: asked.fromUs, toUs: at('2014-07-04') })
    expect(rangeOf(days, { from: 2, to: 3 }, { asked })).toEqual({ fromUs: at('2014-07-07'), toUs: asked.toUs })
  })

  it('is whole days in New York, with days before them to warm up', () => {
    expect(rangeOf(dates, { from: 3, to: 5 })).toEqual({ fromUs: at('2014-07-07'), toUs: at('2014-07-09') })
    expect(rangeOf(dates, { from: 3, to: 5 }, { warmUpDays: 2 }).warmUpUs).toBe(at('2014-07-07') - at('2014-07-02'))
  })
})
