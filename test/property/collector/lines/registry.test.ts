/** Lines under whatever a gateway may say, in any order, at any time. */

import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { LineCounts, WantedLine } from '../../../../collector/lines/line.ts'
import { LineRegistry } from '../../../../collector/lines/registry.ts'

const LINES = 6

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const lineOf = (n: number): WantedLine => ({
  instrument: n >> 1,
  contract: { kind: 'stock', symbol: `S${(n >> 1) % 2}`, currency: 'USD' },
  ...(n % 2 === 1 && { feed: 'tick-by-tick-trades' as const }),
})
const line = fc.nat({ max: LINES - 1 }).map(lineOf)
/** A request id by how long ago it was given. */
const ago = fc.nat({ max: 12 })

const step = fc.oneof(
  fc.record({ act: fc.constant('want' as const), lines: fc.array(line, { maxLength: 4 }) }),
  fc.record({ act: fc.constant('want-only' as const), lines: fc.array(line, { maxLength: 4 }) }),
  fc.record({ act: fc.constant('make-room' as const), lines: fc.array(line, { maxLength: 2 }), limit: fc.nat({ max: 3 }) }),
  fc.record({ act: fc.constantFrom('link-up' as const, 'link-down' as const, 'ask-silent' as const) }),
  fc.record({ act: fc.constantFrom('accept' as const, 'data' as const, 'retry-plain' as const), ago }),
  fc.record({
    act: fc.constant('refuse' as const),
    ago,
    code: fc.constantFrom(101, 200, 322, 354, 10_190, 10_197, 10_225),
    refusal: fc.constantFrom('no-line' as const, 'for-now' as const, 'ask-again' as const, 'until-next-link' as const),
  }),
  fc.record({ act: fc.constant('cancel-delayed' as const), instrument: fc.nat({ max: 2 }) }),
  fc.record({ act: fc.constant('wait' as const), ms: fc.constantFrom(1, 4000, 10_000, 60_000, 300_000) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function watched() {
  const held = new Set<string>()
  const wanted = new Set<string>()
  const nameOf = ({ instrument, feed }: WantedLine) => `${instrument} ${feed ?? ''}`
  let reqId = 0
  let linked = false
  /** The gateway serves whatever it is asked for. */
  let isKind = false
  const unheard = () => undefined
  const registry: LineRegistry = new LineRegistry({
    onRequested: unheard,
    onWatched: unheard,
    onReleased: unheard,
    onOpened: (opened) => {
      expect(held).not.toContain(nameOf(opened))
      held.add(nameOf(opened))
    },
    onClosed: (closed) => {
      expect(held).toContain(nameOf(closed))
      held.delete(nameOf(closed))
    },
    onRefused: unheard,
    onUnwanted: (unwanted) => {
      expect(held).not.toContain(nameOf(unwanted))
      wanted.delete(nameOf(unwanted))
    },
    onLimit: unheard,
    onPaused: unheard,
    onResumed: unheard,
    onSettled: unheard,
    nowUs: () => 1,
  })
  const want = (lines: readonly WantedLine[]) => {
    for (const one of lines) wanted.add(nameOf(one))
  }
  const connect = () => {
    if (linked) return
    linked = true
    registry.linkUp({
      newReqId: () => ++reqId,
      open: async (id) => {
        if (isKind) queueMicrotask(() => registry.accepted(id))
      },
      close: async () => undefined,
    })
  }
  const disconnect = () => {
    linked = false
    registry.linkDown('link-lost', 1)
    expect([...held]).toEqual([])
  }
  const take = async (step: Step) => {
    const id = 'ago' in step ? reqId - step.ago : 0
    if (step.act === 'want') {
      want(step.lines)
      registry.want(step.lines)
    } else if (step.act === 'want-only') {
      want(step.lines)
      registry.wantOnly(step.lines, 'config')
    } else if (step.act === 'make-room') registry.makeRoomFor(step.lines, step.limit, 'config')
    else if (step.act === 'link-up') connect()
    else if (step.act === 'link-down') disconnect()
    else if (step.act === 'ask-silent') registry.askSilentAgain('ib-1102')
    else if (step.act === 'accept') registry.accepted(id)
    else if (step.act === 'data') registry.dataCame(id)
    else if (step.act === 'retry-plain') registry.retryPlain(id)
    else if (step.act === 'refuse') registry.refused(id, step.code, 'Refused', step.refusal)
    else if (step.act === 'cancel-delayed') registry.cancelDelayed(step.instrument)
    await vi.advanceTimersByTimeAsync(step.act === 'wait' ? step.ms : 0)
  }
  const beKind = () => {
    isKind = true
    connect()
  }
  return { registry, held, wanted, take, beKind, disconnect }
}

const sum = (counts: LineCounts) => Object.values(counts).reduce((total, lines) => total + lines, 0)

it('lines never go where no line can go, are counted once each, and open and close in turn', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { registry, wanted, take, disconnect } = watched()
      for (const one of steps) {
        await take(one)
        expect(sum(registry.marketData) + sum(registry.tickByTick)).toBe(wanted.size)
      }
      disconnect()
      expect(vi.getTimerCount()).toBe(0)
    }),
    { numRuns: 300 },
  )
})

it('whatever happened before, every line is open in the end on the same link, once the gateway serves everything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { registry, held, take, beKind, disconnect } = watched()
      for (const one of steps) await take(one)
      beKind()
      // Each line without a place takes its turn after five minutes at the most.
      await vi.advanceTimersByTimeAsync(3_600_000)
      for (const counts of [registry.marketData, registry.tickByTick]) {
        // What was refused for good stays refused; a tick-by-tick line that was asked for before gets no answer but its first tick.
        expect(counts).toMatchObject({ idle: 0, queued: 0, silent: 0, paused: 0, 'no-line': 0 })
      }
      expect(registry.marketData.asked).toBe(0)
      expect(held.size).toBe(registry.marketData.open + registry.tickByTick.open)
      disconnect()
    }),
    { numRuns: 300 },
  )
})
