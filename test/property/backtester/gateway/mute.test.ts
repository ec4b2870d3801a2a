/** Silence of lines, in any order with everything else: nothing is counted wrong, and a line that is heard again knows what stands. */

import fc from 'fast-check'
import { expect, it } from 'vitest'

import type { Line } from '../../../../backtester/gateway/book/market-data-line.ts'
import type { Mute } from '../../../../backtester/gateway/book/mute.ts'
import { MS_US, OPEN_US, quoteAt } from '../../../support/gateway/gateway-tape.ts'
import { figureAt, Rig, tradeAt } from '../../../unit/backtester/gateway/book/sampler-rig.ts'

type Step = {
  what: 'quote' | 'trade' | 'figure' | 'mute' | 'unmute' | 'open' | 'close'
  instrument: number
  value: number
  afterMs: number
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom<Step['what'][]>('quote', 'quote', 'quote', 'trade', 'figure', 'mute', 'unmute', 'open', 'close'),
    instrument: fc.nat({ max: 1 }),
    value: fc.integer({ min: 1, max: 4 }),
    afterMs: fc.nat({ max: 120 }),
  }),
  { minLength: 1, maxLength: 60 },
)

/** Bid price by request id, as a client has it. */
function bidsOf(sent: readonly string[]): Map<string, number> {
  const bids = new Map<string, number>()
  for (const [, reqId = '', price] of sent.map((text) => /^1\|6\|(\d+)\|1\|([^|]*)\|/.exec(text) ?? [])) bids.set(reqId, Number(price))
  return bids
}

class Run {
  readonly rig: Rig
  readonly lines: { line: Line; instrument: number; reqId: number }[] = []
  readonly mutes: Mute[] = []
  readonly bids = new Map<number, number>()
  ms = 0
  #lastId = 0

  constructor(sampling: boolean) {
    this.rig = new Rig(sampling)
  }

  take({ what, instrument, value, afterMs }: Step): void {
    const { rig, lines, mutes } = this
    this.ms += afterMs
    rig.goTo(OPEN_US + this.ms * MS_US)
    if (what === 'quote') {
      this.bids.set(instrument, value)
      rig.play(quoteAt(this.ms * MS_US, instrument, [value, 1], [value + 5, 1]))
    } else if (what === 'trade') rig.play(tradeAt(this.ms, instrument, value, 1))
    else if (what === 'figure') rig.play(figureAt(this.ms, instrument, 'day-high', value))
    else if (what === 'open') {
      const reqId = ++this.#lastId
      lines.push({ line: rig.open(instrument, reqId), instrument, reqId })
    } else if (what === 'close') {
      const [closed] = lines.splice(value % Math.max(1, lines.length), 1)
      if (closed) rig.sampler.close(closed.line)
    } else if (what === 'mute') {
      const silent = new Set(lines.filter((_, i) => i % value === 0).map(({ line }): object => line))
      const mute: Mute = { silences: (_listed, _feed, line) => (value > 2 ? silent.has(line) : true) }
      mutes.push(mute)
      rig.sampler.mute(mute)
    } else this.unmute(value)
  }

  unmute(value: number): void {
    const [mute] = this.mutes.splice(value % Math.max(1, this.mutes.length), 1)
    if (mute) this.rig.sampler.unmute(mute, this.rig.nowUs)
  }

  /** What came less what has become of it: 0 at every moment. */
  get unaccounted(): number {
    const { changes, statesServed, derived, ticksServed, merged, unsent } = this.rig.sampler.totals
    const waiting = this.lines.reduce((sum, { line }) => sum + line.pendingQuotes + line.pendingFields, 0)
    return changes + statesServed + derived - (ticksServed + merged + unsent + waiting)
  }
}

it.each([true, false])('keeps the balance of what is counted, and ends with what stands (sampling %s)', (sampling) => {
  fc.assert(
    fc.property(steps, (all) => {
      const run = new Run(sampling)
      for (const step of all) {
        run.take(step)
        expect(run.unaccounted).toBe(0)
      }
      while (run.mutes.length > 0) run.unmute(0)
      const bids = bidsOf(run.rig.finish())
      expect(run.unaccounted).toBe(0)
      for (const { instrument, reqId } of run.lines) expect(bids.get(String(reqId))).toBe(run.bids.get(instrument))
    }),
    { numRuns: 500 },
  )
})

it.each([true, false])('sends nothing to lines that are silent (sampling %s)', (sampling) => {
  fc.assert(
    fc.property(steps, steps, (before, meanwhile) => {
      const run = new Run(sampling)
      for (const step of before) run.take(step)
      run.rig.sampler.mute({ silences: () => true })
      const sent = run.rig.recorder.sent.length
      for (const step of meanwhile) run.take(step)
      expect(run.rig.finish().slice(sent)).toEqual([])
    }),
    { numRuns: 200 },
  )
})
