import { describe, expect, it } from 'vitest'
import { NO_STANDING } from '../../../../market/quality/contract-day.ts'
import { gradeDay, medianOf, summarize } from '../../../../market/quality/symbol-day.ts'
import { contractDay, DAY_US, judged, optionDay, ticks } from './quality-support.ts'

const spread = (median: number, relative: number) => ({ mean: median, p05: median, median, p95: median, relative })

describe('the contracts of a symbol', () => {
  it('are summed up by kind, the underlying first, each contract by the time in which it was wanted', () => {
    const half = DAY_US / 2
    const days = gradeDay([
      optionDay({ key: 'a', standing: { ...NO_STANDING, quotedUs: DAY_US, twoSidedUs: DAY_US, spread: spread(0.1, 0.1) } }),
      optionDay({
        key: 'b',
        expectedUs: half,
        coveredUs: 0,
        causes: [{ cause: 'silent', us: half }],
        judged: judged({ warnings: 3 }),
        standing: { ...NO_STANDING, quotedUs: half, twoSidedUs: half, spread: spread(0.3, 0.4) },
        computed: { minutes: 1, quotedMinutes: 4 },
      }),
      contractDay(),
    ])
    const [stock, options, ...others] = summarize(days)
    expect(others).toEqual([])
    expect(stock).toMatchObject({
      kind: 'stock',
      contracts: 1,
      score: 100,
      letter: 'A',
      fit: { 'arbitrage study': 1, 'bar study': 0, not: 0 },
    })
    // The second has 0 - 0.3 points, so 0, and half the weight of the first.
    expect(options).toMatchObject({
      kind: 'option',
      contracts: 2,
      letter: 'F',
      expectedUs: 1.5 * DAY_US,
      coveredUs: DAY_US,
      causes: [{ cause: 'silent', us: half }],
      fit: { 'arbitrage study': 1, 'bar study': 0, not: 1 },
      ticks: 2000,
      warnings: 3,
      computed: { minutes: 1, quotedMinutes: 4 },
    })
    expect(options?.score).toBeCloseTo(100 / 1.5)
    expect(options?.spread).toBeCloseTo(0.2)
    expect(options?.relativeSpread).toBeCloseTo((0.1 + 0.4 / 2) / 1.5)
  })

  it('have no score where it is known of none what was wanted', () => {
    const [day] = summarize(gradeDay([contractDay({ expectedUs: undefined, ticks: ticks() })]))
    expect(day).toMatchObject({ score: undefined, letter: undefined, fit: { not: 1 } })
  })

  it('on an index that also has a stock of its name are judged by the stock', () => {
    const index = contractDay({ kind: 'index', key: 'index:TWX:USD', longestGapUs: DAY_US })
    const [, , option] = gradeDay([contractDay(), index, optionDay()])
    expect(option?.fitness).toEqual({ fitFor: 'arbitrage study', because: [] })
  })
})

describe('a median', () => {
  it('is the value in the middle, or the mean of the two', () => {
    expect([medianOf([3, 1, 2]), medianOf([4, 1, 3, 2]), medianOf([])]).toEqual([2, 2.5, undefined])
  })
})
