import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Line } from '../../../../../backtester/gateway/book/market-data-line.ts'
import type { Quote, Tick } from '../../../../../market/tick.ts'
import { MS_US, OPEN_US, quoteAt } from '../../../../support/gateway/gateway-tape.ts'
import { figureAt, greeksAt, Rig, tradeAt } from './sampler-rig.ts'

describe('a new line', () => {
  it('gets nothing while the state is not known, then both sides of the first quote', () => {
    const rig = new Rig(false)
    rig.open(0, 9)
    expect(rig.recorder.sent).toEqual([])
    rig.play(quoteAt(0, 0, [70, 3], [70.05, 4]))
    expect(rig.finish()).toEqual(['@0', '1|6|9|1|70|3|1', '1|6|9|2|70.05|4|1'])
  })

  it('gets the current state as one tick that is no change', () => {
    const rig = new Rig(true)
    rig.play(quoteAt(0, 0, [70, 3]))
    rig.open(0, 9)
    expect(rig.finish()).toEqual(['@0', '1|6|9|1|70|3|1', '1|6|9|2|-1|0|0'])
    expect(rig.sampler.totals).toMatchObject({ changes: 0, statesServed: 1, ticksServed: 1, messagesServed: 2 })
  })

  it('does not get again at the next step what it just got', () => {
    const rig = new Rig(true)
    rig.open(1, 1)
    rig.play(quoteAt(10 * MS_US, 1, [1, 1], [2, 2]))
    rig.open(1, 2)
    expect(rig.finish()).toEqual(['@10', '1|6|2|1|1|1|1', '1|6|2|2|2|2|1', '@100', '1|6|1|1|1|1|1', '1|6|1|2|2|2|1'])
  })
})

describe('a change', () => {
  it('of a size alone goes out as a size', () => {
    const rig = new Rig(false)
    rig.open(0, 9)
    rig.play(quoteAt(0, 0, [70, 3], [70.05, 4]), quoteAt(1, 0, [70, 5], [70.05, 4]), quoteAt(2, 0, [70, 5], [70.05, 6]))
    expect(rig.finish().slice(3)).toEqual(['@0.001', '2|6|9|0|5', '@0.002', '2|6|9|3|6'])
  })

  it('of a price takes the size along, and an empty side is -1 with 0', () => {
    const rig = new Rig(false)
    rig.open(0, 9)
    rig.play(quoteAt(0, 0, [70, 3], [70.05, 4]), quoteAt(1, 0, undefined, [70.06, 4]), quoteAt(2, 0, [70, 3], [70.06, 4]))
    expect(rig.finish().slice(3)).toEqual(['@0.001', '1|6|9|1|-1|0|0', '1|6|9|2|70.06|4|1', '@0.002', '1|6|9|1|70|3|1'])
  })

  it('waits for a multiple of 250 ms for a stock and of 100 ms for an option', () => {
    const rig = new Rig(true)
    rig.open(0, 1)
    rig.open(1, 2)
    rig.play(quoteAt(1, 0, [70, 3], [71, 4]), quoteAt(1, 1, [1, 1], [2, 1]))
    expect(rig.finish().filter((line) => line.startsWith('@'))).toEqual(['@100', '@250'])
  })

  it('exactly at a grid point goes out at that point, together with all others of that moment', () => {
    const rig = new Rig(true)
    rig.open(1, 2)
    rig.play(quoteAt(100 * MS_US, 1, [1, 1], [2, 1]), quoteAt(100 * MS_US, 1, [1.5, 1], [2, 1]))
    expect(rig.finish()).toEqual(['@100', '1|6|2|1|1.5|1|1', '1|6|2|2|2|1|1'])
    expect(rig.sampler.totals).toMatchObject({ changes: 2, merged: 1, ticksServed: 1 })
  })

  it('taken back before its step is not sent, and both ways are merged', () => {
    const rig = new Rig(true)
    rig.play(quoteAt(0, 0, [70, 3], [71, 4]))
    rig.open(0, 1)
    rig.play(quoteAt(1, 0, [70.5, 3], [71, 4]), quoteAt(2, 0, [70, 3], [71, 4]))
    expect(rig.finish()).toHaveLength(3)
    expect(rig.sampler.totals).toMatchObject({ changes: 2, merged: 2, ticksServed: 1 })
  })

  it('that waits when its line closes is counted as unsent', () => {
    const rig = new Rig(true)
    const line = rig.open(0, 1)
    rig.play(quoteAt(1, 0, [70, 3], [71, 4]), quoteAt(2, 0, [70, 4], [71, 4]))
    rig.sampler.close(line)
    expect(rig.finish()).toEqual([])
    expect(rig.sampler.totals).toMatchObject({ changes: 2, unsent: 2, merged: 0, ticksServed: 0, linesOpened: 1, linesClosed: 1 })
    expect(rig.sampler.openLines).toBe(0)
  })

  it('is none when a quote repeats the state, however often', () => {
    const rig = new Rig(false)
    rig.open(0, 1)
    rig.play(quoteAt(1, 0, [70, 3]), quoteAt(2, 0, [70, 3]), quoteAt(3, 0, [70, 3]))
    expect(rig.sampler.totals).toMatchObject({ changes: 1, ticksServed: 1 })
  })

  it('sends stocks before options at a step that both have', () => {
    const rig = new Rig(true)
    rig.open(1, 1)
    rig.open(0, 2)
    rig.play(quoteAt(450 * MS_US, 1, [1, 1], [2, 1]), quoteAt(460 * MS_US, 0, [70, 3], [71, 4]))
    expect(rig.finish().filter((line) => line.startsWith('1'))).toEqual([
      '1|6|2|1|70|3|1',
      '1|6|2|2|71|4|1',
      '1|6|1|1|1|1|1',
      '1|6|1|2|2|1|1',
    ])
  })
})

type Side = [number, number] | undefined
const STEP_MS = [250, 100, 100, 100]

const side: fc.Arbitrary<Side> = fc.option(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })), { nil: undefined })
const burst = fc
  .array(fc.record({ instrument: fc.nat({ max: 3 }), afterMs: fc.nat({ max: 120 }), bid: side, ask: side }), { maxLength: 120 })
  .map((changes) => {
    let ms = 0
    return changes.map(({ instrument, afterMs, bid, ask }) => {
      ms += afterMs
      return quoteAt(ms * MS_US, instrument, bid, ask)
    })
  })

const ANY_GENERICS = { generics: new Set([101, 233]) }

/** Ticks of all kinds. */
const mixedBurst = fc
  .array(
    fc.record({
      instrument: fc.nat({ max: 3 }),
      afterMs: fc.nat({ max: 120 }),
      kind: fc.nat({ max: 4 }),
      value: fc.nat({ max: 2 }),
      bid: side,
    }),
    {
      maxLength: 120,
    },
  )
  .map((changes) => {
    let ms = 0
    return changes.map(({ instrument, afterMs, kind, value, bid }): Tick => {
      ms += afterMs
      if (kind === 0) return tradeAt(ms, instrument, 70 + value, value)
      if (kind === 1) return figureAt(ms, instrument, 'day-high', value)
      if (kind === 2) return figureAt(ms, instrument, 'call-open-interest', value)
      if (kind === 3) return greeksAt(ms, instrument, value === 0 ? 'bid' : 'model', value)
      return quoteAt(ms * MS_US, instrument, bid)
    })
  })

describe('on a generated burst', () => {
  it('of all kinds changes + states = sent + merged + unsent, whatever lines open and close meanwhile', () => {
    const moves = fc.array(fc.record({ instrument: fc.nat({ max: 3 }), opens: fc.boolean() }), { maxLength: 40 })
    fc.assert(
      fc.property(mixedBurst, moves, fc.boolean(), (ticks, lineMoves, sampling) => {
        const rig = new Rig(sampling)
        const lines: Line[] = []
        rig.openTicks(0, 1000, 'AllLast')
        rig.openTicks(0, 1001, 'BidAsk')
        ticks.forEach((tick, i) => {
          const move = lineMoves[i]
          if (move?.opens) lines.push(rig.open(move.instrument, i, i % 2 === 0 ? ANY_GENERICS : {}))
          else if (move && lines.length > 0) rig.sampler.close(lines.splice(move.instrument % lines.length, 1)[0] as Line)
          rig.play(tick)
        })
        rig.finish()
        const { changes, merged, unsent, ticksServed, statesServed, messagesServed, notServed } = rig.sampler.totals
        expect(changes + statesServed).toBe(ticksServed + merged + unsent)
        expect(Math.min(merged, unsent)).toBeGreaterThanOrEqual(0)
        expect(messagesServed).toBe(rig.recorder.sent.filter((line) => !line.startsWith('@')).length)
        expect(notServed).toBe(0)
        if (!sampling) expect(merged + unsent).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('changes = sent + merged, whatever lines open and close meanwhile', () => {
    const moves = fc.array(fc.record({ instrument: fc.nat({ max: 3 }), opens: fc.boolean() }), { maxLength: 40 })
    fc.assert(
      fc.property(burst, moves, fc.boolean(), (quotes, lineMoves, sampling) => {
        const rig = new Rig(sampling)
        const lines: Line[] = []
        quotes.forEach((quote, i) => {
          const move = lineMoves[i]
          if (move?.opens) lines.push(rig.open(move.instrument, i))
          else if (move && lines.length > 0) rig.sampler.close(lines.splice(move.instrument % lines.length, 1)[0] as Line)
          rig.play(quote)
        })
        rig.finish()
        const { changes, merged, unsent, ticksServed, statesServed, messagesServed, linesOpened, linesClosed } = rig.sampler.totals
        expect(changes).toBe(ticksServed - statesServed + merged + unsent)
        expect(messagesServed).toBe(rig.recorder.sent.filter((line) => !line.startsWith('@')).length)
        expect(linesOpened - linesClosed).toBe(lines.length)
        if (!sampling) expect(merged + unsent).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('sends at each step exactly what then differs from what was sent before', () => {
    fc.assert(
      fc.property(burst, (quotes) => {
        const rig = new Rig(true)
        for (const instrument of STEP_MS.keys()) rig.open(instrument, instrument)
        rig.play(...quotes)
        expect(statesOf(rig.finish())).toEqual(STEP_MS.flatMap((stepMs, instrument) => sampled(quotes, instrument, stepMs)).toSorted())
      }),
      { numRuns: 300 },
    )
  })
})

/** What a client knows of each line after each tick, as `line@ms bidPrice bidSize askPrice askSize`. */
function statesOf(sent: string[]): string[] {
  const known = new Map<string, number[]>()
  const states = new Map<string, string>()
  let at = ''
  for (const line of sent) {
    if (line.startsWith('@')) {
      at = line
      continue
    }
    const [message, , reqId = '', tickType, ...values] = line.split('|')
    const state = known.get(reqId) ?? []
    known.set(reqId, state)
    if (message === '1') state.splice(tickType === '1' ? 0 : 2, 2, Number(values[0]), Number(values[1]))
    else state.splice(tickType === '0' ? 1 : 3, 1, Number(values[0]))
    states.set(reqId + at, `${reqId}${at} ${state.join(' ')}`)
  }
  return [...states.values()].toSorted()
}

/** The same from the quotes alone: the state at each grid point, where it differs from the one before. */
function sampled(quotes: Quote[], instrument: number, stepMs: number): string[] {
  const mine = quotes.filter((quote) => quote.instrument === instrument)
  const endMs = Math.max(0, ...mine.map((quote) => (quote.tsUs - OPEN_US) / MS_US)) + stepMs
  const states: string[] = []
  let before = ''
  for (let ms = 0; ms <= endMs; ms += stepMs) {
    const latest = mine.findLast((quote) => quote.tsUs <= OPEN_US + ms * MS_US)
    if (!latest) continue
    const { bidPrice = -1, bidSize = 0, askPrice = -1, askSize = 0 } = latest
    const state = [bidPrice, bidSize, askPrice, askSize].join(' ')
    if (state !== before) states.push(`${instrument}@${ms} ${state}`)
    before = state
  }
  return states
}
