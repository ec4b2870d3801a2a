import { describe, expect, it } from 'vitest'

import { arrange, type PlannedContract } from '../../../../../collector/lines/plan/chains.ts'
import { plan } from '../../../../../collector/lines/plan/plan.ts'
import type { PlanHold, PlanState } from '../../../../../collector/lines/plan/state.ts'

const NOW_MS = 1_000_000
const SETTINGS = { coreStrikes: 1, corePercent: 50, minimumHoldMs: 15_000, seenEveryMs: 600_000 }

/** Calls and puts at 90, 95 … 110: the put of a strike has the number behind its call's. Instrument 0 is the underlying. */
function contracts(expiries: readonly string[] = ['2024-06-21'], underlying = 0, from = 1): PlannedContract[] {
  return expiries.flatMap((expiry, e) =>
    [90, 95, 100, 105, 110].flatMap((strike, s) =>
      (['C', 'P'] as const).map((right, r) => {
        return { instrument: from + 10 * e + 2 * s + r, underlying, expiry, tradingClass: 'SYN', strike, right }
      }),
    ),
  )
}

const long = { sinceMs: NOW_MS - 60_000 }
const justNow = { sinceMs: NOW_MS - 5000 }

function state(changes: Partial<PlanState> = {}): PlanState {
  return {
    chains: arrange(contracts()),
    lines: 4,
    settings: SETTINGS,
    nowMs: NOW_MS,
    nowUs: NOW_MS * 1000,
    messages: 100,
    messagesPerSecond: 20,
    priceOf: () => 100,
    holds: new Map<number, PlanHold>(),
    seenUs: new Float64Array(50),
    active: new Uint8Array(50),
    wishes: new Set(),
    blocked: new Set(),
    core: new Set(),
    ...changes,
  }
}

const holding = (...instruments: readonly (readonly [number, PlanHold])[]) => new Map(instruments)
const reasons = ({ holds }: ReturnType<typeof plan>) => Object.fromEntries(holds.map(({ instrument, reason }) => [instrument, reason]))

describe('a plan', () => {
  it('takes both rights of the strike at the money, and of the one that was not seen for longest', () => {
    const seenUs = new Float64Array(50).fill(900_000_000)
    seenUs[9] = 1
    expect(plan(state({ seenUs }))).toMatchObject({ release: [], take: [5, 6, 9, 10] })
    expect(reasons(plan(state({ seenUs })))).toEqual({ 5: 'core', 6: 'core', 9: 'rotation', 10: 'rotation' })
  })

  it('changes nothing within the minimum hold, and swaps what is past it', () => {
    const core = [
      [5, long],
      [6, long],
    ] as const
    expect(plan(state({ holds: holding(...core, [1, justNow], [2, justNow]) }))).toMatchObject({ release: [], take: [] })
    const seenUs = new Float64Array(50).fill(NOW_MS * 1000)
    seenUs[7] = 1
    expect(plan(state({ seenUs, holds: holding(...core, [1, long], [2, long]) }))).toMatchObject({ release: [1, 2], take: [7, 8] })
    // One of them was asked for again.
    expect(plan(state({ seenUs, holds: holding(...core, [1, long], [2, justNow]) }))).toMatchObject({ release: [], take: [] })
  })

  it('gives the core the lines that rotation has when there are fewer', () => {
    const holds = holding([5, long], [6, long], [1, long], [2, long])
    const shrunk = plan(state({ lines: 2, settings: { ...SETTINGS, corePercent: 100 }, holds }))
    expect(shrunk).toMatchObject({ release: [1, 2], take: [] })
    expect(reasons(shrunk)).toEqual({ 5: 'core', 6: 'core' })
  })

  it('causes no more messages than it may', () => {
    const holds = holding([5, long], [6, long], [1, long], [2, long])
    expect(plan(state({ holds, messages: 3 }))).toMatchObject({ release: [], take: [] })
    expect(plan(state({ holds, messages: 4 }))).toMatchObject({ release: [1, 2], take: [3, 4] })
    // What was not sent is taken back for nothing.
    const unsent = holding([5, long], [6, long], [1, { sinceMs: undefined }], [2, { sinceMs: undefined }])
    expect(plan(state({ holds: unsent, messages: 2 }))).toMatchObject({ release: [1, 2], take: [3, 4] })
  })

  it('keeps the legs of an edge in view, as many as have room', () => {
    const wished = plan(state({ lines: 10, settings: { ...SETTINGS, corePercent: 20 }, wishes: new Set([9, 1, 3]) }))
    expect(reasons(wished)).toMatchObject({ 5: 'core', 6: 'core', 9: 'edge', 10: 'edge' })
    expect(wished.holds.filter(({ reason }) => reason === 'edge')).toHaveLength(2)
  })

  it('has what ticks earlier, while the others can wait', () => {
    const seenUs = new Float64Array(50).fill(NOW_MS * 1000 - 100_000_000)
    for (const instrument of [3, 4]) seenUs[instrument] = NOW_MS * 1000 - 60_000_000
    const active = new Uint8Array(50)
    active[3] = 1
    expect(plan(state({ seenUs, active })).take).toEqual([5, 6, 3, 4])
    // Asked for so often that nobody can wait, the order decides.
    expect(plan(state({ seenUs, active, settings: { ...SETTINGS, seenEveryMs: 60_000 } })).take).toEqual([5, 6, 1, 2])
  })

  it('takes the next strike where the one at the money cannot be had, and gives back what is held for nothing', () => {
    const holds = holding([5, { ...long, isFutile: true }], [6, { ...long, isFutile: true }])
    const chosen = plan(state({ lines: 2, settings: { ...SETTINGS, corePercent: 100 }, holds, blocked: new Set([5, 6]) }))
    expect(chosen).toMatchObject({ release: [5, 6], take: [3, 4] })
    // Of the one leg that is refused the other one goes on.
    expect(plan(state({ blocked: new Set([6]) })).take).toEqual([5, 1, 2])
  })

  it('fills what is free and swaps nothing while no data can come', () => {
    const holds = holding([5, long], [6, long])
    const filled = plan(state({ holds, isFrozen: true }))
    expect(filled.take).toEqual([1, 2])
    const full = holding([5, long], [6, long], [1, long], [2, long])
    expect(plan(state({ holds: full, isFrozen: true }))).toMatchObject({ release: [], take: [] })
  })

  it('shares the core among expiries and underlyings, the nearest expiry of each first', () => {
    const chains = arrange([...contracts(['2024-06-21', '2024-06-28']), ...contracts(['2024-06-28'], 40, 21)])
    const coreOf = (lines: number) => plan(state({ chains, lines, settings: { ...SETTINGS, coreStrikes: 3 } }))
    const { core, coverage } = coreOf(6)
    expect([...core].map(({ instruments }) => instruments)).toEqual([
      [5, 6],
      [25, 26],
    ])
    expect(coverage).toMatchObject({ coreExpiries: 2, expiries: 3 })
    // The nearest strikes may have more than the share of the core, a second one of an expiry may not.
    expect(coreOf(8).coverage).toMatchObject({ core: 6, coreExpiries: 3 })
  })

  it('has no core without a share for it', () => {
    expect(plan(state({ lines: 8, settings: { ...SETTINGS, corePercent: 0 } })).coverage).toMatchObject({ core: 0, coreExpiries: 0 })
  })

  it('says what a round takes, and whether that is what was asked for', () => {
    const { coverage } = plan(state())
    expect(coverage).toEqual({
      contracts: 10,
      core: 2,
      edge: 0,
      rotating: 8,
      blocked: 0,
      rotationLines: 2,
      roundMs: 4 * 16_000,
      isKept: true,
      coreExpiries: 1,
      expiries: 1,
    })
    expect(plan(state({ settings: { ...SETTINGS, seenEveryMs: 60_000 } })).coverage.isKept).toBe(false)
    expect(plan(state({ messagesPerSecond: 0.1 })).coverage.roundMs).toBe(160_000)
    expect(plan(state({ lines: 2, settings: { ...SETTINGS, corePercent: 100 } })).coverage.roundMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('is the same for the same state', () => {
    expect(plan(state())).toEqual(plan(state()))
  })
})

describe('a core that is held', () => {
  it('goes on to the next strike when the price is past the middle by a tenth of the distance', () => {
    const chains = arrange(contracts())
    const { core } = plan(state({ chains }))
    const holds = holding([5, long], [6, long], [1, long], [2, long])
    const takeAt = (price: number) => plan(state({ chains, core, holds, messages: 4, priceOf: () => price })).take
    expect(takeAt(102.9)).not.toContain(7)
    expect(takeAt(103.1)).toEqual([7, 8])
  })
})
