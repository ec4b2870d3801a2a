import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type EquityPoint, EquityPoints } from '../../../../backtester/run/equity-points.ts'

const number = fc.double({ noNaN: true })
const point: fc.Arbitrary<EquityPoint> = fc.record(
  { tsUs: fc.maxSafeInteger(), cash: number, equity: number, exposure: number },
  { noNullPrototype: true },
)

function made(points: readonly EquityPoint[]): EquityPoints {
  const all = new EquityPoints()
  for (const { tsUs, cash, equity, exposure } of points) all.push(tsUs, cash, equity, exposure)
  return all
}

describe('the points of an account', () => {
  it('are read as an array of them is', () => {
    fc.assert(
      fc.property(fc.array(point, { maxLength: 20 }), fc.integer({ min: -25, max: 25 }), (points, index) => {
        const all = made(points)
        expect(all.length).toBe(points.length)
        expect(all.at(index)).toEqual(points.at(index))
        expect([...all]).toEqual(points)
        expect([...all.entries()]).toEqual([...points.entries()])
        expect(all.map(({ cash }, i) => [i, cash])).toEqual(points.map(({ cash }, i) => [i, cash]))
        expect(all.every(({ equity }) => equity > 0)).toBe(points.every(({ equity }) => equity > 0))
        expect(JSON.stringify(all)).toBe(JSON.stringify(points))
        expect([...new EquityPoints(structuredClone(all.packed))]).toEqual(points)
        expect([...EquityPoints.of(points)]).toEqual(points)
        const fields = points.flatMap(({ tsUs, cash, equity, exposure }) => [tsUs, cash, equity, exposure])
        expect([...all.values()].flatMap((part) => [...part])).toEqual(fields)
      }),
    )
  })

  it('may be more than a block holds, and one less', () => {
    const points = Array.from({ length: 4097 }, (_, i) => ({ tsUs: i, cash: 2 * i, equity: 3 * i, exposure: 4 * i }))
    const all = made(points)
    expect([...all]).toEqual(points)
    expect([...new EquityPoints(structuredClone(all.packed))]).toEqual(points)
    all.pop()
    expect([...all]).toEqual(points.slice(0, -1))
    expect([...all.values()].map(({ length }) => length)).toEqual([4 * 4096])
    all.push(1, 2, 3, 4)
    expect(all.at(-1)).toEqual({ tsUs: 1, cash: 2, equity: 3, exposure: 4 })
    const none = new EquityPoints()
    none.pop()
    expect([none.length, none.at(0), none.at(-1)]).toEqual([0, undefined, undefined])
  })

  it('are the same object where they are made of themselves', () => {
    const all = made([])
    expect(EquityPoints.of(all)).toBe(all)
  })
})
