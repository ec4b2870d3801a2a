import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

import { readSpace, searchOf } from '../../../../backtester/experiments/space.ts'
import type { ExperimentPlan } from '../../../../backtester/experiments/plan.ts'
import type { Strategy } from '../../../../backtester/engine/strategy.ts'

const strategyWith = (params: z.ZodType): Strategy => ({ name: 'mine', version: '1', params, create: () => ({}) })
const anything = strategyWith(z.record(z.string(), z.unknown()))
const crossing = strategyWith(
  z.strictObject({ fast: z.int().min(1), slow: z.int() }).refine(({ fast, slow }) => fast < slow, 'expected fast < slow'),
)
const spaceOf = (texts: Record<string, string>): ExperimentPlan['space'] =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, readSpace(name, text)]))
const gridOf = (texts: Record<string, string>, strategy = anything) => searchOf({ space: spaceOf(texts) }, strategy).candidates
const drawnOf = (texts: Record<string, string>, draws: { count: number; seed: number }, strategy = anything) =>
  searchOf({ space: spaceOf(texts), draws }, strategy).candidates

describe('the space of an experiment', () => {
  it('is read from ranges with a step and from lists', () => {
    expect(gridOf({ period: '10..60:10' }).map((one) => one['period'])).toEqual([10, 20, 30, 40, 50, 60])
    expect(gridOf({ entry: '0.1..0.5:0.1' }).map((one) => one['entry'])).toEqual([0.1, 0.2, 0.3, 0.4, 0.5])
    expect(gridOf({ from: '-5..0:2' }).map((one) => one['from'])).toEqual([-5, -3, -1])
    expect(gridOf({ one: '1,1.5,true,fast' }).map((one) => one['one'])).toEqual([1, 1.5, true, 'fast'])
  })

  it('has a value that is given twice once', () => {
    expect(gridOf({ period: '10,10,20,10.0' })).toEqual([{ period: 10 }, { period: 20 }])
  })

  it('gives every combination once, the last parameter first', () => {
    expect(gridOf({ a: '1,2', b: 'x,y' })).toEqual([
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ])
  })

  it.each(['3..1', '1..2:0', '1..2:-1', 'log:0..1', 'log:1..8:2', 'a..b', '1..Infinity'])('refuses %s', (text) => {
    expect(() => readSpace('p', text)).toThrow(/--param p: expected a range such as/)
  })

  it('refuses a range without a step in a grid, and a grid that is too large, with its number', () => {
    expect(() => gridOf({ p: '1..2' })).toThrow(/--param p: expected a range with a step/)
    expect(() => gridOf({ a: '1..1000:1', b: '1..1000:1' })).toThrow(/1,000,000 trials: expected at most 100,000/)
    expect(() => drawnOf({ p: '0..1' }, { count: 100_001, seed: 1 })).toThrow(/100,001 trials/)
  })

  it('leaves out the combinations that a rule over several parameters refuses, and refuses a value that never fits', () => {
    expect(gridOf({ fast: '1,2,3', slow: '2,3' }, crossing)).toEqual([
      { fast: 1, slow: 2 },
      { fast: 1, slow: 3 },
      { fast: 2, slow: 3 },
    ])
    expect(() => gridOf({ fast: '0,1', slow: '2' }, crossing)).toThrow(/--param: fast: .*mine takes: fast/)
    expect(() => gridOf({ fast: '1', slow: '2', other: '3' }, crossing)).toThrow(/other/)
    expect(() => gridOf({ fast: '5', slow: '2,3' }, crossing)).toThrow(/accepts none of the combinations/)
  })

  it('is drawn within its bounds, each combination once, the same for the same seed', () => {
    const texts = { period: '2..9', entry: '0.5..3', size: 'log:0.001..10', step: '0..1:0.25', side: 'a,b' }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        const found = drawnOf(texts, { count: 20, seed })
        expect(found).toEqual(drawnOf(texts, { count: 20, seed }))
        expect(new Set(found.map((one) => JSON.stringify(one))).size).toBe(20)
        for (const { period, entry, size, step, side } of found as Record<string, number>[]) {
          expect([2, 3, 4, 5, 6, 7, 8, 9]).toContain(period)
          expect(entry).toBeGreaterThanOrEqual(0.5)
          expect(entry).toBeLessThanOrEqual(3)
          expect(size).toBeGreaterThanOrEqual(0.001)
          expect(size).toBeLessThanOrEqual(10)
          expect([0, 0.25, 0.5, 0.75, 1]).toContain(step)
          expect(['a', 'b']).toContain(side)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('is the same whatever the order of its parameters, which a stored plan loses', () => {
    const [one, other] = [
      { period: '2..9', entry: '0.5..3' },
      { entry: '0.5..3', period: '2..9' },
    ]
    expect(drawnOf(one, { count: 20, seed: 1 })).toEqual(drawnOf(other, { count: 20, seed: 1 }))
  })

  it('is drawn evenly: integers with both ends, and by magnitude where it says so', () => {
    const values = drawnOf({ whole: '1..4', size: 'log:0.01..100' }, { count: 4000, seed: 5 }) as { whole: number; size: number }[]
    for (const whole of [1, 2, 3, 4]) {
      const share = values.filter((one) => one.whole === whole).length / 4000
      expect(share).toBeGreaterThan(0.22)
      expect(share).toBeLessThan(0.28)
    }
    const small = values.filter(({ size }) => size < 1).length / 4000
    expect(small).toBeGreaterThan(0.46)
    expect(small).toBeLessThan(0.54)
  })

  it('gives fewer draws where it has no more', () => {
    expect(drawnOf({ a: '1,2', b: '1..2' }, { count: 50, seed: 3 })).toHaveLength(4)
    expect(drawnOf({ fast: '1..3', slow: '1..3' }, { count: 50, seed: 3 }, crossing)).toHaveLength(3)
  })
})
