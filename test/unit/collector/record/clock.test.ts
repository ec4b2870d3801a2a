import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createGatewayClock, createWallClock } from '../../../../collector/record/clock.ts'

/** Sets the system's clock and the monotonic one; both stand still until they are set again. */
function clocks(wallMs: number, monotonicMs: number) {
  const wall = vi.spyOn(Date, 'now').mockReturnValue(wallMs)
  const monotonic = vi.spyOn(performance, 'now').mockReturnValue(monotonicMs)
  onTestFinished(() => {
    wall.mockRestore()
    monotonic.mockRestore()
  })
  return (wallMs: number, monotonicMs: number) => {
    wall.mockReturnValue(wallMs)
    monotonic.mockReturnValue(monotonicMs)
  }
}

describe('the wall clock', () => {
  it('gives the time of now and of any reading of the monotonic clock, in whole microseconds', () => {
    const set = clocks(1401975060_000, 500)
    const clock = createWallClock()
    set(1401975061_000, 1500.25)

    expect(clock.known).toBe(true)
    expect(clock.nowUs()).toBe(1401975061_000_250)
    expect(clock.usAt(500)).toBe(1401975060_000_000)
    expect(clock.usAt(1499.9996)).toBe(1401975061_000_000)
    expect(Number.isSafeInteger(clock.usAt(1499.123456))).toBe(true)
  })

  it('goes on evenly when the system sets its clock, and reports how far that has moved', () => {
    const set = clocks(1401975060_000, 500)
    const clock = createWallClock()
    expect(clock.driftMs()).toBe(0)
    set(1401975060_000 + 1000 + 3_600_000, 1500)
    expect(clock.nowUs()).toBe(1401975061_000_000)
    expect(clock.driftMs()).toBe(3_600_000)
    set(1401975060_000 + 1000 - 60_000, 1500)
    expect(clock.nowUs()).toBe(1401975061_000_000)
    expect(clock.driftMs()).toBe(-60_000)
  })

  it('takes the system for right again when it is anchored', () => {
    const set = clocks(1401975060_000, 500)
    const clock = createWallClock()
    set(1401978660_000, 1500)
    clock.anchor()

    expect(clock.nowUs()).toBe(1401978660_000_000)
    expect(clock.usAt(1400)).toBe(1401978659_900_000)
    expect(clock.driftMs()).toBe(0)
  })
})

describe('the gateway clock', () => {
  it('knows no time until one is published, and stands still between two', () => {
    const clock = createGatewayClock()
    expect(clock.known).toBe(false)
    expect(clock.publish(1401975060_000_000)).toBe(true)

    expect(clock.known).toBe(true)
    expect([clock.nowUs(), clock.usAt(0), clock.usAt(1e9)]).toEqual([1401975060_000_000, 1401975060_000_000, 1401975060_000_000])
    expect(clock.driftMs()).toBe(0)
  })

  it('reports a published time that lies before the previous one, and shows it all the same', () => {
    const clock = createGatewayClock()
    clock.publish(1401975060_000_000)

    expect(clock.publish(1401975060_000_000)).toBe(true)
    expect(clock.publish(1401975060_000_001)).toBe(true)
    expect(clock.publish(1401975060_000_000)).toBe(false)
    expect(clock.nowUs()).toBe(1401975060_000_000)
    expect(clock.publish(1401975060_000_001)).toBe(true)
  })

  it('is not moved by an anchor', () => {
    const clock = createGatewayClock()
    clock.publish(1401975060_000_000)
    clock.anchor()
    expect(clock.nowUs()).toBe(1401975060_000_000)
  })
})
