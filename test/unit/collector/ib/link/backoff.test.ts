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
  it('grows fourfold to half a minute while attempts fail', () => {
    expect(pauses(new Backoff(), 5)).toEqual([2000, 8000, 30_000, 30_000, 30_000])
  })

  it('grows as much while links do not last', () => {
    expect(pauses(new Backoff(), 6, 59_999)).toEqual([500, 2000, 8000, 30_000, 30_000, 30_000])
  })

  it('is half a second behind a link that has lasted, whatever came before', () => {
    const backoff = new Backoff()
    pauses(backoff, 5, 1000)
    pauses(backoff, 5)
    expect(pauses(backoff, 2, 60_000)).toEqual([500, 500])
    expect(pauses(backoff, 2)).toEqual([2000, 8000])
  })

  it('keeps what short links have taught while attempts fail', () => {
    const backoff = new Backoff()
    pauses(backoff, 2, 1000)
    expect(pauses(backoff, 1)).toEqual([30_000])
    expect(pauses(backoff, 1, 1000)).toEqual([8000])
  })

  it('is drawn from the upper half of that', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    expect(pauses(new Backoff(), 3)).toEqual([1000, 4000, 15_000])
  })

  it('is 15 s and more while the client id is in use', () => {
    const backoff = new Backoff()
    const retries = Array.from({ length: 4 }, () => backoff.failed(true).retryMs)
    expect(retries).toEqual([15_000, 15_000, 30_000, 30_000])
  })

  it('comes with the number of the attempt since the last link', () => {
    const backoff = new Backoff()
    expect([backoff.failed(false), backoff.failed(false)].map(({ attempt }) => attempt)).toEqual([2, 3])
    backoff.up()
    expect(backoff.failed(false).attempt).toBe(1)
  })
})

describe('attempts to connect', () => {
  const MINUTE_MS = 60_000

  /** When each attempt begins; `behave` says what becomes of it, and how long that takes. */
  function attemptsMs(count: number, random: () => number, behave: (backoff: Backoff, attempt: number) => number, delays = {}): number[] {
    vi.spyOn(Math, 'random').mockImplementation(random)
    const backoff = new Backoff(delays)
    const startMs = performance.now()
    return Array.from({ length: count }, (_, attempt) => {
      const beginsMs = performance.now() - startMs
      backoff.attempt()
      vi.advanceTimersByTime(behave(backoff, attempt))
      vi.advanceTimersByTime(backoff.failed(false).retryMs)
      return beginsMs
    })
  }

  const refused = () => 1
  const served = (forMs: number) => (backoff: Backoff) => {
    backoff.up()
    return forMs
  }

  it.each<[string, (backoff: Backoff, attempt: number) => number]>([
    ['that are refused', refused],
    ['whose links last a second', served(1000)],
    ['whose links last for a minute', served(MINUTE_MS)],
    ['of which every other one comes up', (backoff, attempt) => (attempt % 2 === 0 ? refused() : served(50)(backoff))],
  ])('%s begin at most four times in any minute, whatever the jitter', (_, behave) => {
    const spansOfFive = [0, 0.25, 0.5, 0.75, 0.999].flatMap((seed) => {
      let n = 0
      const begins = attemptsMs(200, () => (seed + n++ * 0.37) % 1, behave)
      return begins.slice(4).map((fifthMs, i) => fifthMs - (begins[i] ?? 0))
    })
    expect(spansOfFive).toHaveLength(5 * 196)
    expect(Math.min(...spansOfFive)).toBeGreaterThanOrEqual(MINUTE_MS)
  })

  it('of two collectors do not come in step', () => {
    // Also where nothing but the minute holds them back.
    for (const delays of [{}, { firstMs: 0 }]) {
      const [one, two] = [0.1, 0.9].map((jitter) => attemptsMs(20, () => jitter, refused, delays))
      expect(one?.slice(4).filter((beginMs) => two?.includes(beginMs))).toEqual([])
    }
  })
})
