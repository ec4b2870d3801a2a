import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentChanges } from '../../../../market/rules/recent-changes.ts'

/** Sides around a middle. */
const around = (mid: number, spread = 1) => ({ bidPrice: mid - spread / 2, askPrice: mid + spread / 2 })

describe('recent changes', () => {
  it('have, after every sixteenth of them, the upper median of the latest 32 that were not zero', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 120, size: 'max' }), (book, steps) => {
        const recent = new RecentChanges()
        const changes: number[] = []
        let level = 1000
        let expected = Number.NaN
        recent.take(book, around(level), true)
        for (const step of steps) {
          level += step
          recent.take(book, around(level), true)
          if (step > 0) changes.push(step)
          if (step > 0 && changes.length % 16 === 0) {
            const latest = changes.slice(-32).sort((a, b) => a - b)
            expected = latest[latest.length >> 1] as number
          }
          expect([recent.level(book), recent.median(book)]).toEqual([level, expected])
        }
      }),
    )
  })

  it('are kept apart by book, and unknown of a book that nothing was said of', () => {
    const recent = new RecentChanges()
    for (let i = 0; i < 40; i++) {
      recent.take(0, around(i), true)
      recent.take(100, around(i * 5, 2), true)
    }
    expect([recent.median(0), recent.median(100), recent.width(100)]).toEqual([1, 5, 2])
    expect([recent.isFar(0, around(41), 1), recent.isFar(0, around(40), 1), recent.isFar(100, around(211), 3)]).toEqual([true, false, true])
    expect([recent.isFar(50, around(1e9), 1), recent.isFar(9999, around(1e9), 1)]).toEqual([false, false])
    expect([recent.level(50), recent.median(50), recent.level(9999)]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })

  it('do not count what is no step, or what has no level before it, and outlive a level that is forgotten', () => {
    const recent = new RecentChanges()
    for (let i = 0; i < 16; i++) recent.take(0, around(i % 2), true)
    recent.take(0, around(1), true)
    expect(recent.median(0)).toBe(Number.NaN)
    recent.forgetAll()
    expect(recent.level(0)).toBe(Number.NaN)
    recent.take(0, around(1000), true)
    recent.take(0, around(5000), false)
    expect(recent.median(0)).toBe(Number.NaN)
    recent.take(0, around(5001), true)
    expect(recent.median(0)).toBe(1)
  })
})
