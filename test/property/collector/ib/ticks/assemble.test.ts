import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LineMessage } from '../../../../../collector/ib/messages.ts'
import * as m from '../../../../unit/collector/ib/ticks/line-messages.ts'

interface Side {
  price: number
  size: number
}

// Few values, so that sides often repeat themselves; one side in five is empty.
const side: fc.Arbitrary<Side> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ price: fc.integer({ min: 0, max: 3 }).map((n) => n / 4), size: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ price: -1, size: 0 }) },
)
const quote = fc.record({ bid: side, ask: side })
type Sides = { bid: Side; ask: Side }

/** What is recorded of a quote: an empty side is absent. */
function recorded(instrument: number, { bid, ask }: Sides): Record<string, unknown> {
  return {
    kind: 'quote',
    instrument,
    ...(bid.price !== -1 && { bidPrice: bid.price, bidSize: bid.size }),
    ...(ask.price !== -1 && { askPrice: ask.price, askSize: ask.size }),
  }
}

/** The messages of a quote; the sizes may come by themselves too. */
function messagesOf(reqId: number, { bid, ask }: Sides, bidSize: boolean, askSize: boolean, atMs = 0): LineMessage[] {
  return [
    m.price(reqId, m.BID, bid.price, bid.size, atMs),
    m.price(reqId, m.ASK, ask.price, ask.size, atMs),
    ...(bidSize ? [m.size(reqId, m.BID_SIZE, bid.size, atMs)] : []),
    ...(askSize ? [m.size(reqId, m.ASK_SIZE, ask.size, atMs)] : []),
  ]
}

/** A permutation of whatever is at hand, as ranks to sort by. */
const ranks = fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 })

function shuffled<T>(items: readonly T[], order: readonly number[]): T[] {
  return items
    .map((item, i) => ({ item, rank: order[i] ?? 0 }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}

describe('the messages of one quote', () => {
  it('give one whole quote in any order, from any state of the line, among other figures of the line', () => {
    const step = fc.record({ quote, bidSize: fc.boolean(), askSize: fc.boolean(), figures: fc.nat(3), order: ranks })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        const { assembler, ticks } = m.recordingAssembler()
        assembler.openLine(1, 11)
        for (const { quote, bidSize, askSize, figures, order } of steps) {
          const others = Array.from({ length: figures }, (_, i) => m.size(1, m.VOLUME, i))
          const before = ticks.length
          for (const message of shuffled([...messagesOf(1, quote, bidSize, askSize), ...others], order)) {
            assembler.take(message)
            expect(ticks.slice(before).filter(({ kind }) => kind === 'quote')).toEqual([])
          }
          assembler.closeGroup()
          expect(ticks.slice(before).filter(({ kind }) => kind === 'quote')).toEqual([recorded(11, quote)])
          expect(ticks).toHaveLength(before + 1 + figures)
        }
      }),
    )
  })

  it('change only the sides that they name', () => {
    const part = fc.constantFrom('bid', 'ask', 'bidSize', 'askSize')
    fc.assert(
      fc.property(quote, quote, fc.uniqueArray(part, { minLength: 1 }), (first, second, parts) => {
        const { assembler, ticks } = m.recordingAssembler()
        assembler.openLine(1, 11)
        for (const message of messagesOf(1, first, false, false)) assembler.take(message)
        assembler.closeGroup()
        const expected = { bid: { ...first.bid }, ask: { ...first.ask } }
        for (const name of parts) {
          if (name === 'bid') assembler.take(m.price(1, m.BID, second.bid.price, second.bid.size))
          else if (name === 'ask') assembler.take(m.price(1, m.ASK, second.ask.price, second.ask.size))
          else assembler.take(m.size(1, name === 'bidSize' ? m.BID_SIZE : m.ASK_SIZE, 7))
          if (name === 'bid' || name === 'ask') expected[name] = second[name]
          else expected[name === 'bidSize' ? 'bid' : 'ask'] = { ...expected[name === 'bidSize' ? 'bid' : 'ask'], size: 7 }
        }
        assembler.closeGroup()

        // A size that comes by itself makes no price of the -1 of an empty side.
        const withSide = ({ price, size }: Side, names: [string, string]) => ({
          ...(price !== -1 && { [names[0]]: price }),
          ...((price !== -1 || size !== 0) && { [names[1]]: size }),
        })
        expect(ticks.at(-1)).toEqual({
          kind: 'quote',
          instrument: 11,
          ...withSide(expected.bid, ['bidPrice', 'bidSize']),
          ...withSide(expected.ask, ['askPrice', 'askSize']),
        })
      }),
    )
  })
})

describe('quotes that follow each other', () => {
  const END = ['next-line', 'other-message', 'silence', 'price-again', 'tick-by-tick'] as const
  const step = fc.record({ quote, bidSize: fc.boolean(), askSize: fc.boolean(), order: ranks, end: fc.constantFrom(...END) })

  it('come out whole, one each, in order, with the stamp of their first message, however their groups end', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const { assembler, ticks, arrivalsUs } = m.recordingAssembler()
        for (const reqId of [0, 1, 2, 9]) assembler.openLine(reqId, 100 + reqId)
        const expected: Record<string, unknown>[] = []
        const expectedUs: number[] = []
        let nowMs = 1000
        let reqId = 0
        let byPrice = false
        for (const { quote, bidSize, askSize, order, end } of steps) {
          let messages = shuffled(messagesOf(reqId, quote, bidSize, askSize), order)
          // A size that comes first could as well belong to the quote before: only a price tells the two apart.
          if (byPrice) messages = messages.toSorted((a, b) => Number(a.type === 'size') - Number(b.type === 'size'))
          expected.push(recorded(100 + reqId, quote))
          expectedUs.push(m.usAt(nowMs + 1))
          for (const message of messages) {
            nowMs += 1
            assembler.take({ ...message, arrivalMs: nowMs })
            expect(assembler.silentInMs(nowMs)).toBeGreaterThan(0)
          }
          byPrice = end === 'price-again'
          if (end === 'next-line') reqId = (reqId + 1) % 3
          else if (end === 'other-message') assembler.closeGroup()
          else if (end === 'tick-by-tick') {
            const sides = { bidPrice: quote.bid.price, bidSize: quote.bid.size, askPrice: quote.ask.price, askSize: quote.ask.size }
            assembler.take(m.quote(9, { ...sides, eventTsUs: 7, arrivalMs: ++nowMs }))
            expected.push({ ...recorded(109, quote), source: 'tick-by-tick', eventTsUs: 7 })
            expectedUs.push(m.usAt(nowMs))
            expect(ticks).toHaveLength(expected.length)
          } else if (end === 'silence') {
            nowMs += 5
            expect(assembler.silentInMs(nowMs)).toBeLessThanOrEqual(0)
            assembler.closeGroup()
          }
        }
        assembler.closeGroup()

        expect(ticks).toEqual(expected)
        expect(arrivalsUs).toEqual(expectedUs)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a group of everything', () => {
  const KINDS = ['quote', 'trade', 'volume', 'rt-volume', 'greeks'] as const
  const pieces: Record<(typeof KINDS)[number], (atMs: number) => LineMessage[]> = {
    quote: (atMs) => [m.price(1, m.BID, 1, 1, atMs), m.price(1, m.ASK, 2, 1, atMs), m.size(1, m.ASK_SIZE, 1, atMs)],
    trade: (atMs) => [m.text(1, m.LAST_TIME, '7', atMs), m.price(1, m.LAST, 1.5, 2, atMs), m.size(1, m.LAST_SIZE, 2, atMs)],
    volume: (atMs) => [m.size(1, m.VOLUME, 100, atMs)],
    'rt-volume': (atMs) => [m.text(1, m.RT_VOLUME, '1.5;2;7000;;;true', atMs)],
    greeks: (atMs) => [m.greeks(1, 13, { delta: 0.5 }, atMs)],
  }
  const nameOf = (tick: Record<string, unknown>) =>
    tick['source'] === 'rt-volume' ? 'rt-volume' : tick['kind'] === 'statistic' ? 'volume' : tick['kind']

  it('gives its ticks in the order in which they began, and none before its end', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(...KINDS), { minLength: 1 }),
        fc.array(fc.nat(1000), { minLength: 9, maxLength: 9 }),
        (kinds, order) => {
          const all = kinds.flatMap((name) => pieces[name](0).map((message) => ({ name, message })))
          const messages = shuffled(all, order).map(({ name, message }, i) => ({ name, message: { ...message, arrivalMs: 1000 + i } }))
          const { assembler, ticks, arrivalsUs } = m.recordingAssembler()
          assembler.openLine(1, 11)
          let grouped = false
          const began: { name: string; atUs: number }[] = []
          for (const { name, message } of messages) {
            if (!began.some((tick) => tick.name === name)) began.push({ name, atUs: m.usAt(message.arrivalMs) })
            const before = ticks.length
            assembler.take(message)
            grouped ||= name === 'quote' || name === 'trade'
            if (grouped) expect(ticks).toHaveLength(before)
          }
          assembler.closeGroup()

          expect(ticks.map(nameOf)).toEqual(began.map(({ name }) => name))
          expect(arrivalsUs).toEqual(began.map(({ atUs }) => atUs))
        },
      ),
      { numRuns: 300 },
    )
  })
})
