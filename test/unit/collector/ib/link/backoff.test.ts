import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Backoff } from '../../../../../collector/ib/link/backoff.ts'

// Without jitter: each pause is as long as it can be.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  vi.spyOn(Math, 'random').mockReturnValue(1)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const pauses = (backoff: Backoff, times: number, upForMs?: number) =>
  Array.from({ length: times }, () => {
    if (upForMs !== undefined) {
      backoff.up()
      vi.advanceTimersByTime(upForMs)
    }
    return backoff.failed(false).retryMs
  })

describe('the pause before the next attempt', () => {
  it('doubles from a second to half a minute while attempts fail', () => {
    expect(pauses(new Backoff(), 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  it('grows as much while links do not last', () => {
    expect(pauses(new Backoff(), 8, 59_999)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  it('is half a second behind a link that has lasted, whatever came before', () => {
    const backoff = new Backoff()
    pauses(backoff, 5, 1000)
    pauses(backoff, 5)
    expect(pauses(backoff, 2, 60_000)).toEqual([500, 500])
    expect(pauses(backoff, 2)).toEqual([1000, 2000])
  })

  it('keeps what short links have taught while attempts fail', () => {
    const backoff = new Backoff()
    pauses(backoff, 3, 1000)
    expect(pauses(backoff, 2)).toEqual([8000, 16_000])
    expect(pauses(backoff, 1, 1000)).toEqual([4000])
  })

  it('is drawn from the upper half of that', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    expect(pauses(new Backoff(), 3)).toEqual([500, 1000, 2000])
  })

  it('is 15 s and more while the client id is in use', () => {
    const backoff = new Backoff()
    const retries = Array.from({ length: 6 }, () => backoff.failed(true).retryMs)
    expect(retries).toEqual([15_000, 15_000, 15_000, 15_000, 16_000, 30_000])
  })

  it('comes with the number of the attempt since the last link', () => {
    const backoff = new Backoff()
    expect([backoff.failed(false), backoff.failed(false)].map(({ attempt }) => attempt)).toEqual([2, 3])
    backoff.up()
    expect(backoff.failed(false).attempt).toBe(1)
  })

  it('stays short enough in a lasting flap for four attempts a minute at most', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const backoff = new Backoff()
    pauses(backoff, 7, 1000)
    expect(Math.min(...pauses(backoff, 10, 1000))).toBeGreaterThanOrEqual(15_000)
  })
})
