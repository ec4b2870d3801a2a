/** The pacer against the gateway's own enforcement of IB's limits, in virtual time. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { HistoryPacing as Enforced } from '../../../../backtester/gateway/history/history-pacing.ts'
import { HistoryPacing, historyWindows, type PacedRequest } from '../../../../collector/backfill/pacing.ts'

const request = (what: number, contract: number, weight: number): PacedRequest => ({
  whole: `${contract} ${weight} ${what}`,
  series: `${contract} ${weight}`,
  weight,
})

describe('the pacing of history', () => {
  it('never has a request refused, however long each takes to the gateway and back', () => {
    const asked = fc.record({
      what: fc.integer({ min: 0, max: 5 }),
      contract: fc.integer({ min: 0, max: 3 }),
      weight: fc.integer({ min: 1, max: 2 }),
      toMs: fc.integer({ min: 0, max: 3000 }),
      backMs: fc.integer({ min: 0, max: 3000 }),
      openAtOnce: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(asked, { minLength: 1, maxLength: 150 }), (sequence) => {
        const pacing = new HistoryPacing(historyWindows())
        const arrivals: { atMs: number; request: PacedRequest }[] = []
        const answers: { atMs: number; end: (nowMs: number) => void }[] = []
        let nowMs = 0
        const until = (toMs: number) => {
          for (const { atMs, end } of answers.filter((one) => one.atMs <= toMs).sort((a, b) => a.atMs - b.atMs)) end(atMs)
          nowMs = toMs
        }
        for (const { what, contract, weight, toMs, backMs, openAtOnce } of sequence) {
          const one = request(what, contract, weight)
          // As the backfill does: what is open may end meanwhile, so that it looks again.
          for (let ms = pacing.waitMs(one, nowMs); ms > 0; ms = pacing.waitMs(one, nowMs)) until(nowMs + Math.min(ms, 250))
          answers.push({ atMs: nowMs + toMs + backMs, end: pacing.sent(one) })
          arrivals.push({ atMs: nowMs + toMs, request: one })
          if (!openAtOnce) until(nowMs + toMs + backMs)
        }
        const enforced = new Enforced()
        const refused = arrivals
          .sort((a, b) => a.atMs - b.atMs)
          .filter(({ atMs, request: { whole, series, weight } }) => !enforced.take(whole, series, weight, atMs))
        expect(refused).toEqual([])
      }),
      { numRuns: 30 },
    )
  })

  it('sends sixty at once, and the next when the first window is over', () => {
    const pacing = new HistoryPacing(historyWindows())
    for (let i = 0; i < 60; i++) {
      expect(pacing.waitMs(request(i, i, 1), 0)).toBe(0)
      pacing.sent(request(i, i, 1))(100)
    }
    expect(pacing.waitMs(request(60, 60, 1), 100)).toBe(600_000)
    expect(pacing.waitMs(request(60, 60, 0), 100)).toBe(0)
    expect(pacing.leastMs(1, 100)).toBe(600_000)
    expect(pacing.leastMs(61, 100)).toBe(1_200_000)
  })

  it('counts requests of an earlier process', () => {
    const pacing = new HistoryPacing(historyWindows())
    pacing.seen(request(1, 1, 1), 5000, 0)
    expect(pacing.waitMs(request(1, 1, 1), 0)).toBe(10_000)
    expect(pacing.waitMs(request(2, 1, 1), 0)).toBe(0)
  })

  it('waits longer each time that IB complains, until it answers', () => {
    const pacing = new HistoryPacing(historyWindows())
    expect([pacing.violated(0), pacing.violated(0)]).toEqual([30_000, 60_000])
    expect(pacing.waitMs(request(1, 1, 0), 1000)).toBe(59_000)
    pacing.answered()
    expect(pacing.violated(60_000)).toBe(30_000)
  })

  it('knows what requests take at least', () => {
    const pacing = new HistoryPacing(historyWindows())
    expect([0, 60, 61, 120, 121].map((weight) => pacing.leastMs(weight, 0))).toEqual([0, 0, 600_000, 600_000, 1_200_000])
  })
})
