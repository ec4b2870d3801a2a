/**
 * A quote of a tape goes to a line of the gateway, over the wire's bytes, to the collector's assembler, and is the same quote again: where
 * the wire can say it. What it cannot say stands in `sayable`, and in docs/replay-gateway.md.
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Sampler } from '../../../../backtester/gateway/book/sampler.ts'
import { ContractBook } from '../../../../backtester/gateway/contracts/contracts.ts'
import { FrameReader, FrameWriter, splitFields } from '../../../../backtester/gateway/protocol/wire.ts'
import { Mark, marksText } from '../../../../market/marks.ts'
import type { Quote } from '../../../../market/tick.ts'
import * as m from '../../../unit/collector/ib/ticks/line-messages.ts'
import { OPEN_US, TWX } from '../../../support/gateway/gateway-tape.ts'

const REQ_ID = 1

type Side = 'market-data' | 'tick-by-tick'
type Sides = Pick<Quote, 'bidPrice' | 'bidSize' | 'askPrice' | 'askSize'>

/** A gateway with a client that records everything it is sent. The end of each tick is marked, as a gateway does that publishes its time. */
function trip(quotes: readonly Quote[], kind: Side): m.Assembled {
  const assembled = m.recordingAssembler(Number.POSITIVE_INFINITY)
  const { assembler } = assembled
  assembler.openLine(REQ_ID, 0)
  const listed = new ContractBook([TWX]).listed(TWX)
  const sampler = new Sampler([[0, { listed }]], false)
  const outlet = new Outlet(
    (fields, arrivalMs) => {
      if (fields[0] === '58') assembler.accept({ type: 'line-accepted', reqId: REQ_ID, marketDataType: Number(fields[3]), arrivalMs })
      else assembler.take({ ...messageOf(fields), arrivalMs })
    },
    () => assembler.closeGroup(),
  )
  assembler.accept({ type: 'line-accepted', reqId: REQ_ID, marketDataType: 1, arrivalMs: OPEN_US / 1000 })
  if (kind === 'market-data') sampler.open(listed, REQ_ID, outlet, OPEN_US)
  else sampler.openTicks(listed, REQ_ID, outlet, OPEN_US, { kind: 'BidAsk' })
  for (const quote of quotes) sampler.play(quote, quote.tsUs)
  assembler.closeGroup()
  return assembled
}

class Outlet {
  readonly writer = new FrameWriter()
  readonly #take: (fields: string[], arrivalMs: number) => void
  #nowMs = 0
  readonly #end: () => void

  constructor(take: (fields: string[], arrivalMs: number) => void, end: () => void) {
    this.#take = take
    this.#end = end
  }

  atTapeTime(tsUs: number): void {
    this.#nowMs = tsUs / 1000
    this.#end()
  }

  spill(): void {
    const reader = new FrameReader()
    reader.push(this.writer.take())
    for (let frame = reader.next(); frame; frame = reader.next()) this.#take(splitFields(frame), this.#nowMs)
  }
}

/** What the collector's listeners make of a message; an empty field is an unset value. */
function messageOf(fields: string[]) {
  const number = (at: number) => (fields[at] === '' ? undefined : Number(fields[at]))
  switch (fields[0]) {
    case '1':
      return m.price(REQ_ID, Number(fields[3]), number(4), number(5), 0, number(6))
    case '2':
      return m.size(REQ_ID, Number(fields[3]), number(4))
    case '99':
      return m.quote(REQ_ID, { bidPrice: number(4), askPrice: number(5), bidSize: number(6), askSize: number(7) })
    default:
      throw new Error(`a message of kind ${fields[0]}`)
  }
}

/** The side as it can be told. */
function sayable(price: number | undefined, size: number | undefined): [number | undefined, number | undefined] {
  // An empty side is a price of -1 with size 0.
  if (price === undefined || (price === -1 && !size)) return [undefined, price === undefined && size !== 0 ? size : undefined]
  return [price, size]
}

function recorded({ bidPrice, bidSize, askPrice, askSize }: Sides, sayableSide = sayable): Record<string, unknown> {
  const bid = sayableSide(bidPrice, bidSize)
  const ask = sayableSide(askPrice, askSize)
  const sides = { bidPrice: bid[0], bidSize: bid[1], askPrice: ask[0], askSize: ask[1] }
  return { kind: 'quote', instrument: 0, ...Object.fromEntries(Object.entries(sides).filter(([, value]) => value !== undefined)) }
}

// Few values, so that sides often repeat themselves and every change between two states comes up.
const price = fc.constantFrom(undefined, -1, 0, 0.05, 1.25, -0.5, 123_456.789)
const size = fc.constantFrom(undefined, 0, 1, 7, 0.5, 2_147_483_647, 3_000_000_000)
const quotes = fc
  .array(fc.record({ bidPrice: price, askPrice: price, bidSize: size, askSize: size }), { minLength: 1, maxLength: 30 })
  .map((all) => all.map((sides, i): Quote => ({ kind: 'quote', seq: i, tsUs: OPEN_US + i, instrument: 0, ...sides })))

describe('a quote that is served and recorded again', () => {
  it('is the same on a line of market data, whatever was known before, and comes once for each change', () => {
    fc.assert(
      fc.property(quotes, (played) => {
        const expected: Record<string, unknown>[] = []
        for (const quote of played) {
          const next = recorded(quote)
          if (JSON.stringify(next) !== JSON.stringify(expected.at(-1))) expected.push(next)
        }
        expect(trip(played, 'market-data').ticks).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('is a first value where it was one, and frozen, from before the open or past a limit where it was that', () => {
    const sayable = [Mark.initial, Mark.frozen, Mark.preOpen, Mark.bidPastLimit]
    const marks = fc.array(
      fc.subarray(sayable).map((bits) => bits.reduce((all, bit) => all | bit, 0) || undefined),
      { minLength: 1, maxLength: 30 },
    )
    fc.assert(
      fc.property(marks, (all) => {
        // Every one is a change. The line is open before the tape has anything.
        const played = all.map(
          (marks, i): Quote => ({ kind: 'quote', seq: i, tsUs: OPEN_US + (i + 1) * 1000, instrument: 0, bidPrice: i, bidSize: 1, marks }),
        )
        expect(trip(played, 'market-data').marks).toEqual(all.map((marks) => marksText(marks) ?? ''))
      }),
    )
  })

  it('is the same on a tick-by-tick line, each time, but for the size of a side without a price', () => {
    const oneMessage: typeof sayable = (price, size) => {
      const [sayablePrice, sayableSize] = sayable(price, size)
      return [sayablePrice, sayablePrice === undefined ? undefined : sayableSize]
    }
    fc.assert(
      fc.property(quotes, (played) => {
        const expected = played.map((quote) => ({ ...recorded(quote, oneMessage), source: 'tick-by-tick' }))
        expect(trip(played, 'tick-by-tick').ticks).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })
})
