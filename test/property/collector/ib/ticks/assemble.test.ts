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

const isPriceOf = (size: LineMessage, message: LineMessage) =>
  message.type === 'price' && size.type === 'size' && message.tickType === (size.tickType === m.BID_SIZE ? m.BID : m.ASK)

/** The same order, but that each size comes behind the price of its side, as IB has it. */
function sizesBehind(messages: readonly LineMessage[]): LineMessage[] {
  const ordered: LineMessage[] = []
  for (const [i, message] of messages.entries()) {
    const laterPrice = messages.findIndex((other, at) => at > i && isPriceOf(message, other))
    if (laterPrice >= 0) continue
    ordered.push(message, ...messages.slice(0, i).filter((size) => isPriceOf(size, message)))
  }
  return ordered
}

describe('the messages of one quote', () => {
  it('give one whole quote in any order that has sizes behind their prices, from any state of the line, among other figures of the line', () => {
    const step = fc.record({ quote, bidSize: fc.boolean(), askSize: fc.boolean(), figures: fc.nat(3), order: ranks })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        const { assembler, ticks } = m.recordingAssembler()
        assembler.openLine(1, 11)
        for (const { quote, bidSize, askSize, figures, order } of steps) {
          const others = Array.from({ length: figures }, (_, i) => m.size(1, m.HIGH, i))
          const before = ticks.length
          for (const message of sizesBehind(shuffled([...messagesOf(1, quote, bidSize, askSize), ...others], order))) {
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
          let messages = sizesBehind(shuffled(messagesOf(reqId, quote, bidSize, askSize), order))
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
  /** Those that IB sends in an order come first, in it. */
  const KINDS = ['trade', 'volume', 'quote', 'rt-volume', 'greeks'] as const
  const ANYWHERE: readonly string[] = ['rt-volume', 'greeks']
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
          const inOrder = KINDS.filter((name) => kinds.includes(name))
          const all = inOrder.flatMap((name) => pieces[name](0).map((message) => ({ name, message })))
          const mixed = all.filter(({ name }) => !ANYWHERE.includes(name))
          for (const [i, piece] of all.filter(({ name }) => ANYWHERE.includes(name)).entries())
            mixed.splice((order[i] ?? 0) % (mixed.length + 1), 0, piece)
          const messages = mixed.map(({ name, message }, i) => ({ name, message: { ...message, arrivalMs: 1000 + i } }))
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

describe('updates in the order of IB, back to back', () => {
  /** What an update changes: a price, which has a size beside it, or a size. No two sizes are equal, so that every quote is another one. */
  const part = fc.option(fc.record({ price: fc.nat(50), isPrice: fc.boolean() }), { nil: undefined })
  const update = fc.record({ trade: part, hasVolume: fc.boolean(), bid: part, ask: part, askFirst: fc.boolean() })
  type Part = { price: number; isPrice: boolean } | undefined
  const AT_MS = 1000

  /** A market that says in messages what changes, and what stood. */
  class Market {
    readonly quotes: string[] = []
    trades = 0
    #size = 10
    readonly #bid = { price: 100, size: 1, types: [m.BID, m.BID_SIZE] as const }
    readonly #ask = { price: 200, size: 2, types: [m.ASK, m.ASK_SIZE] as const }
    readonly #last = { price: 150, size: 3, types: [m.LAST, m.LAST_SIZE] as const }

    start(): LineMessage[] {
      return [this.#last, this.#bid, this.#ask].map(({ price, size, types }) => m.price(1, types[0], price, size, AT_MS))
    }

    update({
      trade,
      hasVolume,
      bid,
      ask,
      askFirst,
    }: {
      trade: Part
      hasVolume: boolean
      bid: Part
      ask: Part
      askFirst: boolean
    }): LineMessage[] {
      const ofTrade = this.#change(this.#last, trade, 150)
      // IB repeats the size of a trade behind its price when it changed.
      const repeated = ofTrade.filter(({ type }) => type === 'price').map(() => m.size(1, m.LAST_SIZE, this.#last.size, AT_MS))
      const ofQuote = [...this.#change(this.#bid, bid, 100), ...this.#change(this.#ask, ask, 200)]
      const prices = ofQuote.filter(({ type }) => type === 'price')
      if (askFirst) prices.reverse()
      if (ofTrade.length > 0) this.trades++
      if (ofQuote.length > 0)
        this.quotes.push(
          quoteText({ bidPrice: this.#bid.price, bidSize: this.#bid.size, askPrice: this.#ask.price, askSize: this.#ask.size }),
        )
      const volume = hasVolume ? [m.size(1, m.VOLUME, ++this.#size, AT_MS)] : []
      return [...ofTrade, ...repeated, ...volume, ...prices, ...ofQuote.filter(({ type }) => type === 'size')]
    }

    #change(side: { price: number; size: number; types: readonly [number, number] }, now: Part, base: number): LineMessage[] {
      if (!now || (now.isPrice && base + now.price === side.price)) return []
      side.size = ++this.#size
      if (!now.isPrice) return [m.size(1, side.types[1], side.size, AT_MS)]
      side.price = base + now.price
      return [m.price(1, side.types[0], side.price, side.size, AT_MS)]
    }
  }

  /** A line whose first values have come. */
  const standing = () => {
    const { assembler, ticks, marks } = m.recordingAssembler()
    assembler.openLine(1, 11)
    const market = new Market()
    for (const message of market.start()) assembler.take(message)
    assembler.closeGroup()
    ticks.length = 0
    marks.length = 0
    return { market, assembler, ticks, marks }
  }

  const quoteText = (tick: Record<string, unknown>) => ['bidPrice', 'bidSize', 'askPrice', 'askSize'].map((name) => tick[name]).join(' ')

  it('are exact when time tells them apart, and nothing is marked', () => {
    fc.assert(
      fc.property(fc.array(update, { minLength: 1, maxLength: 30 }), (updates) => {
        const { market, assembler, ticks, marks } = standing()
        for (const [i, one] of updates.entries()) {
          const atMs = AT_MS + (i + 1) * 122
          for (const [n, message] of market.update(one).entries()) {
            if ((assembler.silentInMs(atMs) ?? 1) <= 0) assembler.closeGroup()
            assembler.take({ ...message, arrivalMs: atMs + n * 0.1 })
          }
        }
        assembler.closeGroup()

        expect(ticks.filter(({ kind }) => kind === 'quote').map(quoteText)).toEqual(market.quotes)
        expect(ticks.filter(({ kind }) => kind === 'trade')).toHaveLength(market.trades)
        expect(marks.filter((mark) => mark.includes('merged'))).toEqual([])
      }),
    )
  })

  it('lose no trade, and make no quote that did not stand and lose none, but where one is marked as merged', () => {
    fc.assert(
      fc.property(fc.array(update, { minLength: 1, maxLength: 30 }), (updates) => {
        const { market, assembler, ticks, marks } = standing()
        for (const one of updates) for (const message of market.update(one)) assembler.take(message)
        assembler.closeGroup()

        expect(ticks.filter(({ kind }) => kind === 'trade')).toHaveLength(market.trades)
        const quotes = ticks.flatMap((tick, i) => (tick['kind'] === 'quote' ? [{ text: quoteText(tick), marks: marks[i] }] : []))
        let at = 0
        let isDoubtful = false
        for (const { text, marks } of quotes) {
          if (marks === 'merged') {
            isDoubtful = true
            continue
          }
          const found = market.quotes.indexOf(text)
          expect(found, `${text} stood, and after those before it`).toBeGreaterThanOrEqual(at)
          if (!isDoubtful) expect(found, `nothing was lost before ${text}`).toBe(at)
          at = found + 1
          isDoubtful = false
        }
        if (!isDoubtful) expect(at).toBe(market.quotes.length)
        expect(quotes.at(-1)?.text).toBe(market.quotes.at(-1))
      }),
      { numRuns: 500 },
    )
  })
})
