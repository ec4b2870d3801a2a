/** Parameters around those of a run. */

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { perturbations } from '../../../../backtester/experiments/perturbation.ts'
import type { TrialParams } from '../../../../backtester/experiments/trial.ts'

const WHOLE = ['period', 'long', 'zero', 'a', 'b']
const isWhole = (params: TrialParams) => WHOLE.every((name) => params[name] === undefined || Number.isInteger(params[name]))
const given = { by: 0.1, joint: 0, seed: 1, allows: isWhole }

it('Each number is a little lower and higher, integers by 1 at least, and all else stays', () => {
  expect(perturbations({ period: 5, long: 100, entry: 1.5, short: true, name: 'x', zero: 0 }, given)).toEqual(
    [{ entry: 1.35 }, { entry: 1.65 }, { long: 90 }, { long: 110 }, { period: 4 }, { period: 6 }, { zero: -1 }, { zero: 1 }].map((one) => ({
      period: 5,
      long: 100,
      entry: 1.5,
      short: true,
      name: 'x',
      zero: 0,
      ...one,
    })),
  )
})

it('What the strategy does not accept is left out', () => {
  const allows = ({ period }: Readonly<Record<string, unknown>>) => Number(period) >= 2 && Number.isInteger(period)
  expect(perturbations({ period: 2 }, { ...given, allows })).toEqual([{ period: 3 }])
})

it('Jointly all numbers move within the part, the same for the same seed', () => {
  const params = { a: 100, b: -50, c: 0.25 }
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0.02, max: 0.5, noNaN: true }), (seed, by) => {
      const of = () => perturbations(params, { ...given, joint: 20, seed, by })
      const found = of()
      expect(of()).toEqual(found)
      expect(found.length).toBeGreaterThan(10)
      for (const one of found)
        for (const [name, value] of Object.entries(params)) {
          const most = Math.max(Math.abs(value) * by, Number.isInteger(value) ? 1 : 0) + 0.5
          expect(Math.abs(Number(one[name]) - value)).toBeLessThanOrEqual(most)
          if (Number.isInteger(value)) expect(Number.isInteger(one[name])).toBe(true)
        }
      expect(new Set(found.map((one) => JSON.stringify(one))).size).toBe(found.length)
    }),
    { numRuns: 50 },
  )
})
