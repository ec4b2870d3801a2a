import { describe, expect, it } from 'vitest'
import { Assembler, SILENCE_MS } from '../../../../../collector/ib/ticks/assemble.ts'
import type { LineMessage } from '../../../../../collector/ib/messages.ts'
import * as m from './line-messages.ts'

/** Runs the messages through an assembler with lines 1 (instrument 11) and 2 (instrument 22), and ends the open group. */
function assemble(...messages: LineMessage[]): Record<string, unknown>[] {
  const { assembler, ticks } = twoLines()
  for (const message of messages) assembler.take(message)
  assembler.closeGroup()
  return ticks
}

function twoLines(silenceMs?: number): m.Assembled {
  const assembled = m.recordingAssembler(silenceMs)
  assembled.assembler.openLine(1, 11)
  assembled.assembler.openLine(2, 22)
  return assembled
}

/** The whole quote 70.5 x 3 / 70.75 x 4 of line 1, price messages only, as a gateway sends it. */
const WHOLE = [m.price(1, m.BID, 70.5, 3), m.price(1, m.ASK, 70.75, 4)]
const QUOTE = { kind: 'quote', instrument: 11, bidPrice: 70.5, bidSize: 3, askPrice: 70.75, askSize: 4 }

describe('a quote', () => {
  it('is shown when its group closes and not before', () => {
    const { assembler, ticks } = twoLines()
    for (const message of WHOLE) assembler.take(message)
    expect(ticks).toEqual([])

    assembler.closeGroup()
    expect(ticks).toEqual([QUOTE])
    assembler.closeGroup()
    expect(ticks).toHaveLength(1)
  })

  it('keeps what is not sent again', () => {
    const { assembler, ticks } = twoLines()
    for (const message of [...WHOLE, m.price(2, m.BID, 1, 1), m.size(1, m.ASK_SIZE, 9)]) assembler.take(message)
    assembler.closeGroup()

    expect(ticks.at(-1)).toEqual({ ...QUOTE, askSize: 9 })
  })

  it('takes the size inside a price message for the size of that side', () => {
    expect(assemble(...WHOLE, m.size(1, m.BID_SIZE, 3), m.size(1, m.ASK_SIZE, 4))).toEqual([QUOTE])
  })

  it('is followed by another one when a size comes behind its price message and differs from the size inside', () => {
    expect(assemble(...WHOLE, m.size(1, m.BID_SIZE, 8))).toEqual([QUOTE, { ...QUOTE, bidSize: 8 }])
  })

  it('takes the size that follows a price message without one', () => {
    expect(assemble(m.price(1, m.BID, 70.5), m.price(1, m.ASK, 70.75), m.size(1, m.BID_SIZE, 3), m.size(1, m.ASK_SIZE, 4))).toEqual([QUOTE])
  })

  it('is closed by a message of another line', () => {
    const { assembler, ticks } = twoLines()
    for (const message of [...WHOLE, m.price(2, m.BID, 1, 1)]) assembler.take(message)

    expect(ticks).toEqual([QUOTE])
  })

  it('is closed by a message of a line that is not open', () => {
    const { assembler, ticks, unknownLines } = twoLines()
    for (const message of [...WHOLE, m.price(3, m.BID, 1, 1)]) assembler.take(message)

    expect(ticks).toEqual([QUOTE])
    expect(unknownLines).toEqual([3])
  })

  it.each([
    ['the same price', 70.5],
    ['another price', 70.6],
  ])('is closed when %s of one side comes again', (_, bidPrice) => {
    expect(assemble(...WHOLE, m.price(1, m.BID, bidPrice, 3))).toEqual([QUOTE, { ...QUOTE, bidPrice }])
  })

  it('is closed when a size comes again with another value', () => {
    const sizes = [m.size(1, m.BID_SIZE, 3), m.size(1, m.BID_SIZE, 5)]
    expect(assemble(...WHOLE, ...sizes)).toEqual([QUOTE, { ...QUOTE, bidSize: 5 }])
  })

  it('stays open when a size comes again with the same value', () => {
    expect(assemble(...WHOLE, m.size(1, m.BID_SIZE, 3), m.size(1, m.BID_SIZE, 3))).toEqual([QUOTE])
  })

  it('is closed by silence, counted from its last message', () => {
    const { assembler } = twoLines()
    expect(assembler.silentInMs(1000)).toBeUndefined()
    assembler.take(m.price(1, m.BID, 70.5, 3, 1000))
    expect(assembler.silentInMs(1004)).toBe(SILENCE_MS - 4)
    assembler.take(m.price(1, m.ASK, 70.75, 4, 1004))
    expect(assembler.silentInMs(1004)).toBe(SILENCE_MS)
    assembler.take(m.size(1, m.HIGH, 100, 1006))
    expect(assembler.silentInMs(1011)).toBe(0)
    assembler.closeGroup()
    expect(assembler.silentInMs(1011)).toBeUndefined()
  })

  it('is never closed by silence where the gateway marks the end', () => {
    const { assembler } = twoLines(Number.POSITIVE_INFINITY)
    assembler.take(m.price(1, m.BID, 70.5, 3))
    expect(assembler.silentInMs(1e9)).toBe(Number.POSITIVE_INFINITY)
  })

  it('is shown when its line is closed', () => {
    const { assembler, ticks } = twoLines()
    for (const message of WHOLE) assembler.take(message)
    assembler.closeLine(2)
    expect(ticks).toEqual([])

    assembler.closeLine(1)
    expect(ticks).toEqual([QUOTE])
  })

  it('begins empty on a line that is opened again', () => {
    const { assembler, ticks } = twoLines()
    for (const message of WHOLE) assembler.take(message)
    assembler.closeLine(1)
    assembler.openLine(1, 33)
    assembler.take(m.price(1, m.BID, 80, 1))
    assembler.closeGroup()

    expect(ticks).toEqual([QUOTE, { kind: 'quote', instrument: 33, bidPrice: 80, bidSize: 1 }])
  })

  it('is quarantined as unfinished when the feed ends inside its group', () => {
    const { assembler, ticks } = twoLines()
    for (const message of [m.price(1, m.BID, 70.5, 3), m.size(1, m.HIGH, 100)]) assembler.take(message)
    assembler.abandonGroup()

    const verdict = expect.objectContaining({ disposition: 'quarantine', findings: [expect.objectContaining({ rule: 'unfinished' })] })
    expect(ticks).toEqual([
      { kind: 'quote', instrument: 11, bidPrice: 70.5, bidSize: 3, verdict },
      { kind: 'statistic', instrument: 11, name: 'day-high', value: 100 },
    ])
    assembler.abandonGroup()
    expect(ticks).toHaveLength(2)
  })
})

describe('a line', () => {
  it('is reported once, ahead of the tick of its first message', () => {
    const alive: string[] = []
    const assembler = new Assembler({ usAt: m.usAt })
    assembler.connect({
      onTick: ({ kind }) => alive.push(kind),
      onLineAlive: (reqId) => alive.push(`line ${reqId}`),
      onUnknownLine: () => expect.unreachable(),
      onUnknownType: () => undefined,
    })
    for (const reqId of [1, 2, 3]) assembler.openLine(reqId, reqId)
    for (const message of [m.quote(1), m.quote(1), m.size(2, 999, 1), m.price(3, m.BID, 1, 1), m.trade(1)]) assembler.take(message)
    expect(alive).toEqual(['line 1', 'quote', 'quote', 'line 2', 'line 3', 'quote', 'trade'])
  })

  it('that is watched keeps its values, and is reported again', () => {
    const { assembler, ticks, aliveLines } = twoLines()
    for (const message of WHOLE) assembler.take(message)
    assembler.closeGroup()
    assembler.watchLine(1)
    assembler.take(m.size(1, m.BID_SIZE, 9))
    assembler.closeGroup()

    expect(ticks).toEqual([QUOTE, { ...QUOTE, bidSize: 9 }])
    expect(aliveLines).toEqual([1, 1])
  })

  it('that was closed is not unknown: what still comes of it was on its way', () => {
    const { assembler, ticks, unknownLines } = twoLines()
    assembler.closeLine(1)
    for (const message of [m.price(1, m.BID, 80, 1), m.quote(1), m.trade(3)]) assembler.take(message)
    assembler.closeGroup()

    expect(ticks).toEqual([])
    expect(unknownLines).toEqual([3])
  })

  it('that was closed long ago is remembered no more, so that memory does not grow', () => {
    const { assembler, unknownLines } = twoLines()
    for (let reqId = 3; reqId <= 10_003; reqId++) {
      assembler.openLine(reqId, 11)
      assembler.closeLine(reqId)
    }
    for (const reqId of [3, 4]) assembler.take(m.quote(reqId))

    expect(unknownLines).toEqual([3])
  })

  it('that was closed on one link is unknown on the next', () => {
    const { assembler, unknownLines } = twoLines()
    assembler.closeLine(1)
    assembler.abandonGroup()
    assembler.take(m.quote(1))

    expect(unknownLines).toEqual([1])
  })

  it('whose messages are of delayed and of other types makes quotes of either, and none of both', () => {
    const ticks = assemble(
      m.price(1, 66, 70.5, 3),
      m.price(1, m.ASK, 70.75, 4),
      m.price(1, m.BID, 70.7, 1),
      m.size(1, 8, 9),
      m.size(1, 74, 9),
    )
    expect(ticks).toEqual([
      { kind: 'quote', instrument: 11, bidPrice: 70.5, bidSize: 3, delayed: true },
      { kind: 'quote', instrument: 11, askPrice: 70.75, askSize: 4, bidPrice: 70.7, bidSize: 1 },
      { kind: 'statistic', instrument: 11, name: 'day-volume', value: 9 },
      { kind: 'statistic', instrument: 11, name: 'day-volume', value: 9, delayed: true },
    ])
  })
})

describe('an empty side', () => {
  it.each([
    ['no bid', [m.price(1, m.BID, -1, 0), m.price(1, m.ASK, 70.75, 4)], { askPrice: 70.75, askSize: 4 }],
    ['no ask', [m.price(1, m.BID, 70.5, 3), m.price(1, m.ASK, -1, 0)], { bidPrice: 70.5, bidSize: 3 }],
    ['neither', [m.price(1, m.BID, -1, 0), m.price(1, m.ASK, -1, 0)], {}],
    ['no bid, whose size IB left out', [m.price(1, m.BID, -1), m.price(1, m.ASK, 70.75, 4)], { askPrice: 70.75, askSize: 4 }],
    ['no bid yet', [m.price(1, m.ASK, 70.75, 4)], { askPrice: 70.75, askSize: 4 }],
    ['a price that IB does not know', [m.price(1, m.BID, undefined, 0), m.price(1, m.ASK, 70.75, 4)], { askPrice: 70.75, askSize: 4 }],
  ])('is left out: %s', (_, messages, sides) => {
    expect(assemble(...messages)).toEqual([{ kind: 'quote', instrument: 11, ...sides }])
  })

  it('is told apart from a price of -1, which has a size', () => {
    expect(assemble(m.price(1, m.BID, -1, 2), m.price(1, m.ASK, 0, 0))).toEqual([
      { kind: 'quote', instrument: 11, bidPrice: -1, bidSize: 2, askPrice: 0, askSize: 0 },
    ])
  })

  it('empties a side that was there, and is filled again', () => {
    expect(assemble(...WHOLE, m.price(1, m.BID, -1, 0), m.price(2, m.BID, 1, 1), m.price(1, m.BID, 70.4, 6))).toEqual([
      QUOTE,
      { kind: 'quote', instrument: 11, askPrice: 70.75, askSize: 4 },
      { kind: 'quote', instrument: 22, bidPrice: 1, bidSize: 1 },
      { ...QUOTE, bidPrice: 70.4, bidSize: 6 },
    ])
  })
})

describe('a sampled trade', () => {
  const TRADE = { kind: 'trade', instrument: 11, source: 'last', price: 70.6, size: 5, eventTsUs: 1401975060_000000 }

  it('is made of last time, price and size', () => {
    expect(assemble(m.text(1, m.LAST_TIME, '1401975060'), m.price(1, m.LAST, 70.6, 5), m.size(1, m.LAST_SIZE, 5))).toEqual([TRADE])
  })

  it('has no time of the venue when IB gave none', () => {
    const { eventTsUs: _, ...timeless } = TRADE
    expect(assemble(m.price(1, m.LAST, 70.6, 5))).toEqual([timeless])
    expect(assemble(m.text(1, m.LAST_TIME, ''), m.price(1, m.LAST, 70.6, 5))).toEqual([timeless])
    // In milliseconds it would lie behind all times that a tape can hold.
    expect(assemble(m.text(1, m.LAST_TIME, '1763754172123'), m.price(1, m.LAST, 70.6, 5))).toEqual([timeless])
  })

  it('comes again with each price, time, or size that differs', () => {
    expect(
      assemble(m.price(1, m.LAST, 70.6, 5), m.price(1, m.LAST, 70.6, 5), m.size(1, m.LAST_SIZE, 5), m.size(1, m.LAST_SIZE, 6)).map(
        ({ size }) => size,
      ),
    ).toEqual([5, 5, 6])
  })

  it.each([
    ['a size before any price', [m.size(1, m.LAST_SIZE, 5)]],
    ['a time before any price', [m.text(1, m.LAST_TIME, '1401975060')]],
    ['no last price', [m.price(1, m.LAST, -1, 0)]],
  ])('is none: %s', (_, messages) => {
    expect(assemble(...messages)).toEqual([])
  })

  it('shares a group with the quote beside it, each in the order in which it began', () => {
    const quote = { kind: 'quote', instrument: 11, bidPrice: 70.5, bidSize: 3 }
    const trade = { kind: 'trade', instrument: 11, source: 'last', price: 70.6, size: 5 }
    expect(assemble(m.price(1, m.LAST, 70.6, 5), m.price(1, m.BID, 70.5, 3), m.size(1, m.LAST_SIZE, 5))).toEqual([trade, quote])
    expect(assemble(m.price(1, m.BID, 70.5, 3), m.price(1, m.LAST, 70.6, 5))).toEqual([quote, trade])
  })
})

describe('RTVolume', () => {
  const rt = (value: string) => assemble(m.text(1, m.RT_VOLUME, value))
  const eventTsUs = 1401975060123_000
  const trade = { kind: 'trade', instrument: 11, source: 'rt-volume', price: 701.28, size: 1, eventTsUs }
  const volume = { kind: 'statistic', instrument: 11, name: 'rt-day-volume', value: 67854, eventTsUs }
  const vwap = { kind: 'statistic', instrument: 11, name: 'rt-vwap', value: 701.46918464, eventTsUs }

  it.each([
    ['a trade with the totals of the day', '701.28;1;1401975060123;67854;701.46918464;true', [trade, volume, vwap]],
    ['totals without a trade', ';0;1401975060123;67854;701.46918464;false', [volume, vwap]],
    ['a trade without a size', '701.28;;1401975060123;67854;701.46918464;true', [{ ...trade, size: undefined }, volume, vwap]],
    ['a fraction of a share', '701.28;0.5;1401975060123;;;true', [{ ...trade, size: 0.5 }]],
    ['no time', '701.28;1;;67854;;true', [trade, volume].map((tick) => ({ ...tick, eventTsUs: undefined }))],
    ['a time in another unit', '701.28;1;1401975060123000;;;true', [{ ...trade, eventTsUs: undefined }]],
    ['a trade and nothing behind it', '701.28;1;1401975060123', [trade]],
  ])('gives %s', (_, value, expected) => {
    expect(rt(value)).toEqual(expected.map((tick) => m.bare({ seq: 0, tsUs: 0, ...tick } as Parameters<typeof m.bare>[0])))
  })

  it.each(['', ';;;;;', 'NaN;NaN;NaN;NaN;NaN;false', 'n/a'])('keeps what cannot be read as it came: "%s"', (value) => {
    expect(rt(value)).toEqual([{ kind: 'statistic', instrument: 11, name: 'rt-volume', text: value }])
  })
})

describe('a message that is a tick by itself', () => {
  it('goes out at once when no group is open', () => {
    const { assembler, ticks, arrivalsUs } = twoLines()
    assembler.take(m.size(1, m.VOLUME, 100, 1234))

    expect(ticks).toEqual([{ kind: 'statistic', instrument: 11, name: 'day-volume', value: 100 }])
    expect(arrivalsUs).toEqual([1234_000])
  })

  it('waits its turn inside an open group of its line, and does not close it', () => {
    expect(assemble(m.price(1, m.BID, 70.5, 3), m.size(1, m.HIGH, 100), m.price(1, m.ASK, 70.75, 4))).toEqual([
      QUOTE,
      { kind: 'statistic', instrument: 11, name: 'day-high', value: 100 },
    ])
  })

  it.each([
    [10, 'bid'],
    [11, 'ask'],
    [12, 'last'],
    [13, 'model'],
  ])('of type %i holds greeks from the %s price, absent ones left out', (tickType, basis) => {
    expect(assemble(m.greeks(1, tickType, { impliedVolatility: 0.25, delta: -0.4, theta: 0, underlyingPrice: 70 }))).toEqual([
      { kind: 'greeks', instrument: 11, basis, impliedVolatility: 0.25, delta: -0.4, theta: 0, underlyingPrice: 70 },
    ])
  })

  it.each([
    ['a price', m.price(1, m.CLOSE, 69.8, 0), { name: 'previous-close', value: 69.8 }],
    ['a price that there is not', m.price(1, m.CLOSE, -1, 0), { name: 'previous-close' }],
    ['a size', m.size(1, 27, 1200), { name: 'call-open-interest', value: 1200 }],
    ['an unknown size', m.size(1, 27, undefined), { name: 'call-open-interest' }],
    ['a generic value', m.generic(1, 49, 0), { name: 'halted', value: 0 }],
    ['a text', m.text(1, 59, '0.83,0.92,20130705,0.23'), { name: 'dividends', text: '0.83,0.92,20130705,0.23' }],
  ])('may be a statistic from %s', (_, message, expected) => {
    expect(assemble(message)).toEqual([{ kind: 'statistic', instrument: 11, ...expected }])
  })

  it('is counted as unknown when its type is not mapped', () => {
    const { assembler, ticks, unknownTypes } = twoLines()
    for (const message of [m.price(1, 999, 1, 1), m.greeks(1, 53), m.text(1, 998, '1;2;3')]) assembler.take(message)
    assembler.closeGroup()

    expect(unknownTypes).toEqual([999, 53, 998])
    expect(ticks).toEqual([])
  })
})

describe('stamps', () => {
  it('are the arrival of the first message of each tick', () => {
    const { assembler, ticks, arrivalsUs } = twoLines()
    assembler.take(m.price(1, m.LAST, 70.6, 5, 1000))
    assembler.take(m.size(1, m.VOLUME, 100, 1001))
    assembler.take(m.price(1, m.BID, 70.5, 3, 1002))
    assembler.take(m.price(1, m.ASK, 70.6, 3, 1003))
    assembler.take(m.price(1, m.BID, 70.4, 3, 1004))
    assembler.closeGroup()

    expect(ticks.map(({ kind }) => kind)).toEqual(['trade', 'statistic', 'quote', 'quote'])
    expect(arrivalsUs).toEqual([1000_000, 1001_000, 1002_000, 1004_000])
  })
})
