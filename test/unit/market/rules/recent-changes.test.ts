import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentChanges } from '../../../../market/rules/recent-changes.ts'

describe('recent changes', () => {
  it('have, after every sixteenth of them, the upper median of the latest 32 that were not zero', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 120, size: 'max' }), (book, steps) => {
        const recent = new RecentChanges()
        const changes: number[] = []
        let level = 1000
        let expected = Number.NaN
        recent.take(book, level, 1, true)
        for (const step of steps) {
          level += step
          recent.take(book, level, 1, true)
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
      recent.take(0, i, 1, true)
      recent.take(100, i * 5, 2, true)
    }
    expect([recent.median(0), recent.median(100), recent.width(100)]).toEqual([1, 5, 2])
    expect([recent.level(50), recent.median(50), recent.level(9999)]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })

  it('do not count what is no step, or what has no level before it, and outlive a level that is forgotten', () => {
    const recent = new RecentChanges()
    for (let i = 0; i < 16; i++) recent.take(0, i % 2, 1, true)
    recent.take(0, 1, 1, true)
    expect(recent.median(0)).toBe(Number.NaN)
    recent.forgetAll()
    expect(recent.level(0)).toBe(Number.NaN)
    recent.take(0, 1000, 1, true)
    recent.take(0, 5000, 1, false)
    expect(recent.median(0)).toBe(Number.NaN)
    recent.take(0, 5001, 1, true)
    expect(recent.median(0)).toBe(1)
  })
})
