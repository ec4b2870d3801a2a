import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { LineBudget, type WantedUniverse } from '../../../../collector/lines/budget.ts'
import type { Line, WantedLine } from '../../../../collector/lines/line.ts'
import { LineRegistry } from '../../../../collector/lines/registry.ts'
import type { PlanSettings } from '../../../../collector/lines/plan/state.ts'
import type { Gap } from '../../../../collector/gaps/gap.ts'
import type { OptionContract, Right } from '../../../../market/contract.ts'

const SETTINGS: PlanSettings = { coreStrikes: 1, corePercent: 50, minimumHoldMs: 15_000, seenEveryMs: 120_000 }
const STOCK: WantedLine = { instrument: 0, contract: { kind: 'stock', symbol: 'SYN', currency: 'USD' } }
const option = (instrument: number, strike: number, right: Right): WantedLine & { contract: OptionContract } => ({
  instrument,
  wantedUs: 0,
  contract: {
    kind: 'option',
    symbol: 'SYN',
    currency: 'USD',
    expiry: '2030-01-18',
    strike,
    right,
    multiplier: 100,
    tradingClass: 'SYN',
  },
})
/** Calls and puts at 80, 85 … 120: the money, 100, has the numbers 9 and 10. */
const OPTIONS = Array.from({ length: 18 }, (_, i) => option(1 + i, 80 + 5 * (i >> 1), i % 2 === 0 ? 'C' : 'P'))
const MARKET_OPEN_US = Date.UTC(2024, 5, 3, 14) * 1000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/**
 * A link that accepts what is asked for and sends data of it, but of those that are `silent`, or beyond its `limit` of lines. While it is
 * `quiet` it accepts without data.
 */
function budgetOn({
  lines = 7,
  settings = SETTINGS,
  startUs = MARKET_OPEN_US,
}: {
  lines?: number
  settings?: PlanSettings
  startUs?: number
} = {}) {
  const log: string[] = []
  const silent = new Set<number>()
  const gateway = { limit: lines, price: 100, isExpected: true, isAway: false, isQuiet: false }
  const open = new Map<number, number>()
  const missing = new Map<number, { cause: string; sinceUs: number }>()
  const gaps: Gap[] = []
  const opened = new Map<number, number>()
  const startMs = performance.now()
  const nowUs = () => startUs + Math.round((performance.now() - startMs) * 1000)
  const unheard = () => undefined
  const registry: LineRegistry = new LineRegistry({
    onRequested: unheard,
    onWatched: unheard,
    onReleased: unheard,
    onOpened: ({ instrument }) => {
      missing.delete(instrument)
      opened.set(instrument, (opened.get(instrument) ?? 0) + 1)
    },
    onClosed: ({ instrument }, cause) => log.push(`closed ${instrument}: ${cause}`),
    onMissing: (line: Line, cause) => void missing.set(line.instrument, { cause, sinceUs: line.wantedUs }),
    onRefused: unheard,
    onUnwanted: ({ instrument }) => void missing.delete(instrument),
    onLimit: unheard,
    onPaused: unheard,
    onResumed: unheard,
    onSettled: unheard,
    nowUs,
  })
  let reqId = 1
  const seen = { most: 0, refused: 0 }
  const opener = {
    newReqId: () => reqId++,
    open: async (id: number, { instrument }: WantedLine) => {
      setTimeout(() => {
        if (open.size >= gateway.limit) {
          seen.refused++
          return registry.refused(id, 101, 'Max number of tickers has been reached', 'no-line')
        }
        open.set(id, instrument)
        seen.most = Math.max(seen.most, open.size)
        if (silent.has(instrument)) return
        if (gateway.isQuiet) registry.accepted(id)
        else registry.dataCame(id)
      }, 50)
    },
    close: async (id: number) => void open.delete(id),
  }
  const budget = new LineBudget({
    lines: registry,
    settings,
    recorder: {
      get nowUs() {
        return nowUs()
      },
      recording: true,
      lineMissing: (instrument, cause, sinceUs) => void missing.set(instrument, { cause, sinceUs }),
      lineUnwanted: (instrument) => void missing.delete(instrument),
      missingSinceUs: (instrument) => missing.get(instrument)?.sinceUs,
    },
    ledger: { name: (gap) => void gaps.push(gap) },
    events: { linesRotating: unheard },
    priceOf: () => gateway.price,
    newsUs: () => 0,
    messagesPerSecond: () => 40,
    isAway: () => gateway.isAway,
    isExpected: () => gateway.isExpected,
  })
  const want = (changes: Partial<WantedUniverse> = {}) => {
    const universe = { pinned: [STOCK], options: [OPTIONS], lines, centers: new Map([[0, 100]]), ...changes }
    registry.want(universe.pinned)
    budget.want({ ...universe, options: universe.options.map((its) => its.map((one) => ({ ...one, wantedUs: nowUs() }))) })
  }
  const after = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  const reasons = () => budget.held.map(({ instrument, reason }) => `${instrument} ${reason}`)
  registry.linkUp(opener)
  return { budget, registry, opener, log, silent, gateway, missing, gaps, opened, want, after, reasons, seen, open }
}

describe('a universe that fits', () => {
  it('has a line for each contract, and nothing takes turns', async () => {
    const { want, after, reasons, opened, log, budget } = budgetOn({ lines: 19 })
    want()
    await after(120_000)
    expect(opened.size).toBe(19)
    expect(new Set(opened.values())).toEqual(new Set([1]))
    expect(log).toEqual([])
    expect(reasons().slice(0, 2)).toEqual(['0 pinned', '1 fits'])
    expect(budget.figures).toMatchObject({ state: 'fitting', coverage: undefined, unseen: 0 })
    budget.stop()
  })

  it('is of no interest any more when it is found behind the end', async () => {
    const { want, after, budget, opened } = budgetOn({ lines: 19 })
    budget.stop()
    want()
    await after(5000)
    expect([...opened.keys()]).toEqual([STOCK.instrument])
    expect(budget.figures.state).toBe('idle')
  })
})

describe('a universe with more contracts than lines', () => {
  it('holds the underlying and the money all along, and shows everything else in turn', async () => {
    const { want, after, reasons, opened, log, missing, seen, budget } = budgetOn()
    want()
    await after(1000)
    expect(reasons().slice(0, 3)).toEqual(['0 pinned', '9 core', '10 core'])
    await after(110_000)
    expect(opened.size).toBe(19)
    for (const instrument of [0, 9, 10]) expect(opened.get(instrument)).toBe(1)
    expect(new Set(log.map((text) => text.split(': ')[1]))).toEqual(new Set(['rotation']))
    expect([...missing.keys()]).toEqual([])
    expect(seen.most).toBe(7)
    expect(budget.figures).toMatchObject({ state: 'rotating', unseen: 0, coverage: { core: 2, rotating: 16, isKept: true } })
    budget.stop()
  })

  it('follows the money', async () => {
    const { want, after, reasons, gateway, budget } = budgetOn()
    want()
    await after(30_000)
    gateway.price = 106
    await after(20_000)
    expect(reasons().slice(0, 3)).toEqual(['0 pinned', '11 core', '12 core'])
    budget.stop()
  })

  it('names what is not seen in time, from when it was wanted, until it is seen', async () => {
    const { want, after, missing, budget } = budgetOn({ lines: 5, settings: { ...SETTINGS, seenEveryMs: 60_000 } })
    want()
    await after(62_000)
    expect(missing.size).toBeGreaterThan(0)
    for (const { cause, sinceUs } of missing.values()) expect([cause, sinceUs]).toEqual(['unseen', MARKET_OPEN_US])
    expect(budget.figures.unseen).toBe(missing.size)
    expect(budget.figures.coverage).toMatchObject({ isKept: false })
    budget.stop()
  })

  it('leaves alone what gives no data, names it, and keeps its line for the others', async () => {
    const { want, after, silent, missing, opened, budget } = budgetOn()
    silent.add(1)
    want()
    await after(60_000)
    expect(missing.get(1)).toEqual({ cause: 'no-answer', sinceUs: MARKET_OPEN_US })
    await after(60_000)
    expect(opened.size).toBe(18)
    expect(budget.figures.coverage?.blocked).toBeLessThanOrEqual(1)
    budget.stop()
  })

  it('shrinks when others take lines, the core last, and asks for one more now and then', async () => {
    const { want, after, reasons, gateway, registry, seen, budget } = budgetOn()
    want()
    await after(20_000)
    gateway.limit = 4
    await after(60_000)
    seen.most = 0
    seen.refused = 0
    await after(60_000)
    expect(seen).toEqual({ most: expect.any(Number) as number, refused: 0 })
    expect(seen.most).toBeLessThanOrEqual(4)
    expect(budget.figures.available).toBe(4)
    expect(reasons()[0]).toBe('0 pinned')
    gateway.limit = 7
    await after(330_000)
    expect(budget.figures.available).toBe(7)
    expect(registry.marketData.open).toBe(7)
    budget.stop()
  })

  it.each([7, 19])('ends the lines of what has expired at midnight, on %i lines', async (lines) => {
    const midnightUs = Date.UTC(2024, 5, 4, 4) * 1000
    const { want, after, budget, log, missing } = budgetOn({ lines, startUs: midnightUs - 60_000_000 })
    const today = OPTIONS.map((one) => ({
      ...one,
      contract: { ...one.contract, expiry: one.instrument % 4 < 2 ? '2024-06-03' : '2024-06-04' },
    }))
    want({ options: [today] })
    await after(55_000)
    const isExpired = (instrument: number) => today.some((one) => one.instrument === instrument && one.contract.expiry === '2024-06-03')
    expect(budget.held.filter(({ instrument }) => isExpired(instrument)).length).toBeGreaterThan(0)
    log.length = 0
    await after(20_000)
    expect(budget.held.filter(({ instrument }) => isExpired(instrument))).toEqual([])
    expect(log).toContainEqual(expect.stringMatching(/: config$/))
    expect([...missing.keys()].filter(isExpired)).toEqual([])
  })

  it('changes nothing without a link, while IB is away, and while no data is expected', async () => {
    const { want, after, gateway, log, registry, budget } = budgetOn()
    want()
    await after(10_000)
    gateway.isExpected = false
    await after(60_000)
    gateway.isExpected = true
    gateway.isAway = true
    await after(60_000)
    expect(log).toEqual([])
    registry.linkDown('link-lost', 0)
    await after(60_000)
    expect(log.filter((text) => text.endsWith('rotation'))).toEqual([])
    budget.stop()
  })

  it('waits until a minute behind the open for the first data of what was asked for ahead of it', async () => {
    const { want, after, gateway, open, opened, registry, reasons, budget } = budgetOn()
    Object.assign(gateway, { isExpected: false, isQuiet: true })
    want()
    await after(60_000)
    expect([...opened.values()]).toEqual(Array.from({ length: 7 }, () => 1))
    gateway.isExpected = true
    await after(55_000)
    expect(reasons().slice(0, 3)).toEqual(['0 pinned', '9 core', '10 core'])
    gateway.isQuiet = false
    for (const id of open.keys()) registry.dataCame(id)
    await after(60_000)
    expect(reasons().slice(0, 3)).toEqual(['0 pinned', '9 core', '10 core'])
    expect([opened.get(9), opened.get(10)]).toEqual([1, 1])
    expect(budget.figures.coverage?.blocked).toBe(0)
    budget.stop()
  })

  it('leaves alone what has no data a minute behind the open', async () => {
    const { want, after, gateway, reasons, budget } = budgetOn()
    Object.assign(gateway, { isExpected: false, isQuiet: true })
    want()
    await after(60_000)
    gateway.isExpected = true
    await after(65_000)
    expect(reasons()).not.toContain('9 core')
    expect(budget.figures.coverage?.blocked).toBeGreaterThanOrEqual(2)
    budget.stop()
  })

  it('asks in the session for what came to nothing ahead of it', async () => {
    const { want, after, gateway, silent, reasons, budget } = budgetOn()
    gateway.isExpected = false
    for (const instrument of [9, 10]) silent.add(instrument)
    want()
    await after(30_000)
    expect(reasons()).not.toContain('9 core')
    silent.clear()
    gateway.isExpected = true
    await after(20_000)
    expect(reasons().slice(0, 3)).toEqual(['0 pinned', '9 core', '10 core'])
    budget.stop()
  })

  it('closes at once what the settings do not want any more, and lines that they take away', async () => {
    const { want, after, log, registry, budget } = budgetOn()
    want()
    await after(5000)
    want({ lines: 5 })
    expect(registry.wanted).toBe(5)
    want({ lines: 5, options: [OPTIONS.slice(0, 8)] })
    expect(log).toContain('closed 9: config')
    await after(5000)
    expect(registry.all.some(({ instrument }) => instrument > 8)).toBe(false)
    budget.stop()
  })

  it('keeps the legs of a wish in view until it is over', async () => {
    const { want, after, reasons, budget } = budgetOn({ lines: 11 })
    want()
    await after(5000)
    budget.wish('an opportunity', [18])
    await after(60_000)
    expect(reasons()).toEqual(expect.arrayContaining(['17 edge', '18 edge']))
    budget.wish('an opportunity', [])
    await after(60_000)
    expect(reasons().filter((text) => text.endsWith('edge'))).toEqual([])
    budget.stop()
  })
})
