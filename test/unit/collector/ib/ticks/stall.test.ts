import { describe, expect, it } from 'vitest'
import { StallWatch } from '../../../../../collector/ib/ticks/stall.ts'

/** Ten messages a second for so long, from 0 on. Returns when the last one came. */
function busy(watch: StallWatch, seconds: number): number {
  for (let i = 0; i < seconds * 10; i++) expect(watch.take(i * 100)).toBe(false)
  return seconds * 1000 - 100
}

describe('a stall', () => {
  it('is a silence of 3 s behind a busy time: what comes at once behind it is late', () => {
    const watch = new StallWatch()
    const lastMs = busy(watch, 30)
    expect([0, 1, 15, 30, 51, 52].map((ms) => watch.take(lastMs + 3000 + ms))).toEqual([true, true, true, true, false, false])
  })

  it('is over after a second, though messages keep coming', () => {
    const watch = new StallWatch()
    const firstMs = busy(watch, 30) + 16_000
    const late = Array.from({ length: 150 }, (_, i) => watch.take(firstMs + i * 10))
    expect(late.lastIndexOf(true)).toBe(100)
    expect(late.slice(0, 101).every(Boolean)).toBe(true)
  })

  it('is none when the feed was not busy, the silence is shorter, or so long that it has another name', () => {
    const quiet = new StallWatch()
    expect(Array.from({ length: 50 }, (_, i) => quiet.take(i * 1000)).some(Boolean)).toBe(false)
    expect(quiet.take(60_000)).toBe(false)
    for (const silenceMs of [2999, 60_001]) {
      const watch = new StallWatch()
      expect(watch.take(busy(watch, 30) + silenceMs)).toBe(false)
    }
  })
})
