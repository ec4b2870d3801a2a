/** Updates of a line that come back to back, or in parts: which messages make one tick, and what is marked because it cannot be known. */

import { describe, expect, it } from 'vitest'
import type { LineMessage } from '../../../../../collector/ib/messages.ts'
import * as m from './line-messages.ts'

/** A line that stands at 70.5 x 3 / 70.75 x 4 with a last trade of 5 at 70.6, long ago. */
function standing(silenceMs?: number): m.Assembled {
  const assembled = m.recordingAssembler(silenceMs)
  const { assembler } = assembled
  assembler.openLine(1, 11)
  assembler.openLine(2, 22)
  const first = [m.text(1, m.LAST_TIME, '7', 0), m.price(1, m.LAST, 70.6, 5, 0), m.size(1, m.VOLUME, 100, 0)]
  for (const message of [...first, m.price(1, m.BID, 70.5, 3, 0), m.price(1, m.ASK, 70.75, 4, 0)]) assembler.take(message)
  assembler.closeGroup()
  for (const list of [assembled.ticks, assembled.marks, assembled.arrivalsUs]) list.length = 0
  return assembled
}

function assemble(...messages: LineMessage[]): m.Assembled {
  const assembled = standing()
  for (const message of messages) assembled.assembler.take(message)
  assembled.assembler.closeGroup()
  return assembled
}

/** What a test says of a tick: `70.5x3 70.75x4`, `trade 70.6x5`, `day-volume 100`. */
function short({ kind, ...tick }: Record<string, unknown>): string {
  const { bidPrice, bidSize, askPrice, askSize, price, size, name, value } = tick
  if (kind === 'quote') return [bidPrice, bidSize].join('x').concat(' ', [askPrice, askSize].join('x'))
  return kind === 'trade' ? `trade ${[price, size].join('x')}` : [name, value].join(' ')
}

const shown = ({ ticks }: m.Assembled) => ticks.map(short)

describe('an update', () => {
  it.each<[string, LineMessage[], string[]]>([
    ['a price behind the size of its side', [m.size(1, m.BID_SIZE, 9), m.price(1, m.BID, 70.6, 2)], ['70.5x9 70.75x4', '70.6x2 70.75x4']],
    [
      'the price of the other side behind a size',
      [m.size(1, m.ASK_SIZE, 9), m.price(1, m.BID, 70.75, 2), m.price(1, m.ASK, 71, 1)],
      ['70.5x3 70.75x9', '70.75x2 71x1'],
    ],
    [
      'the size of the bid behind that of the ask',
      [m.size(1, m.ASK_SIZE, 9), m.size(1, m.BID_SIZE, 9)],
      ['70.5x3 70.75x9', '70.5x9 70.75x9'],
    ],
    [
      'a second volume',
      [m.size(1, m.LAST_SIZE, 1), m.size(1, m.VOLUME, 101), m.size(1, m.VOLUME, 102)],
      ['trade 70.6x1', 'day-volume 101', 'day-volume 102'],
    ],
    [
      'a trade behind a quote',
      [m.size(1, m.BID_SIZE, 9), m.price(1, m.LAST, 70.5, 1), m.size(1, m.BID_SIZE, 8)],
      ['70.5x9 70.75x4', 'trade 70.5x1', '70.5x8 70.75x4'],
    ],
    [
      'a volume behind a quote',
      [m.size(1, m.BID_SIZE, 9), m.size(1, m.VOLUME, 101), m.size(1, m.ASK_SIZE, 8)],
      ['70.5x9 70.75x4', 'day-volume 101', '70.5x9 70.75x8'],
    ],
    [
      'a price of the last trade behind its size',
      [m.size(1, m.LAST_SIZE, 1), m.price(1, m.LAST, 70.5, 2)],
      ['trade 70.6x1', 'trade 70.5x2'],
    ],
    [
      'a size behind the price of the last trade, with another value',
      [m.price(1, m.LAST, 70.5, 2), m.size(1, m.LAST_SIZE, 3)],
      ['trade 70.5x2', 'trade 70.5x3'],
    ],
    [
      'a size behind the price of its side, with another value',
      [m.price(1, m.BID, 70.6, 2), m.size(1, m.BID_SIZE, 5)],
      ['70.6x2 70.75x4', '70.6x5 70.75x4'],
    ],
    [
      'the time of a trade behind a trade',
      [m.price(1, m.LAST, 70.5, 2), m.text(1, m.LAST_TIME, '9'), m.price(1, m.LAST, 70.4, 2)],
      ['trade 70.5x2', 'trade 70.4x2'],
    ],
  ])('is over at %s', (_, messages, expected) => {
    expect(shown(assemble(...messages))).toEqual(expected)
  })

  it.each<[string, LineMessage[], string[]]>([
    ['both prices, whichever comes first', [m.price(1, m.ASK, 71, 1), m.price(1, m.BID, 70.6, 2)], ['70.6x2 71x1']],
    ['a price and the size of the other side', [m.price(1, m.ASK, 71, 1), m.size(1, m.BID_SIZE, 5)], ['70.5x5 71x1']],
    [
      'a price, and its size once more',
      [m.price(1, m.BID, 70.6, 2), m.size(1, m.BID_SIZE, 2), m.price(1, m.ASK, 71, 1), m.size(1, m.ASK_SIZE, 1)],
      ['70.6x2 71x1'],
    ],
    [
      'volume ahead of its trade',
      [m.size(1, m.VOLUME, 101), m.price(1, m.LAST, 70.5, 2), m.size(1, m.LAST_SIZE, 2)],
      ['day-volume 101', 'trade 70.5x2'],
    ],
  ])('can be %s', (_, messages, expected) => {
    expect(shown(assemble(...messages))).toEqual(expected)
  })

  it('is whatever lies between two marks, where a gateway marks the end', () => {
    const { assembler, ...assembled } = standing(Number.POSITIVE_INFINITY)
    for (const message of [m.size(1, m.ASK_SIZE, 9), m.price(1, m.BID, 70.6, 2), m.size(1, m.BID_SIZE, 7)]) assembler.take(message)
    assembler.closeGroup()

    expect(shown({ assembler, ...assembled })).toEqual(['70.6x7 70.75x9'])
    expect(assembled.marks).toEqual([''])
  })
})

describe('a quote of several parts', () => {
  const PARTS = [m.size(1, m.BID_SIZE, 9, 100), m.size(1, m.ASK_SIZE, 9, 100.2)]

  it('is marked as merged when an update of its line follows at once', () => {
    expect(assemble(...PARTS, m.size(1, m.BID_SIZE, 8, 100.4)).marks).toEqual(['merged', ''])
  })

  it('is marked as merged when an update of its line came just before', () => {
    expect(assemble(m.size(1, m.ASK_SIZE, 8, 99), ...PARTS).marks).toEqual(['', 'merged'])
  })

  it('is not marked when its line was silent before and behind it', () => {
    expect(assemble(...PARTS).marks).toEqual([''])
    const { assembler, marks } = standing()
    for (const message of PARTS) assembler.take(message)
    assembler.closeGroup()
    assembler.take(m.size(1, m.BID_SIZE, 8, 106))
    assembler.closeGroup()
    expect(marks).toEqual(['', ''])
  })

  it('is not marked for what other lines do', () => {
    expect(assemble(m.size(2, m.BID_SIZE, 1, 99), ...PARTS, m.size(2, m.BID_SIZE, 2, 100.3)).marks).toEqual(['initial', '', ''])
  })
})

describe('a size that repeats the standing one', () => {
  it('says nothing, as it comes behind the price that carries it, however late', () => {
    const { assembler, ...assembled } = standing()
    for (const message of [m.price(1, m.BID, 70.6, 2, 100), m.size(1, m.BID_SIZE, 2, 108), m.size(1, m.ASK_SIZE, 4, 116)]) {
      assembler.closeGroup()
      assembler.take(message)
    }
    assembler.closeGroup()

    expect(shown({ assembler, ...assembled })).toEqual(['70.6x2 70.75x4'])
  })
})

describe('a sampled trade in parts', () => {
  it('is one, though the size that its price carries comes again 8 ms later', () => {
    const { assembler, ...assembled } = standing()
    for (const message of [m.price(1, m.LAST, 70.5, 2, 100), m.size(1, m.LAST_SIZE, 2, 108), m.size(1, m.VOLUME, 102, 116)]) {
      assembler.closeGroup()
      assembler.take(message)
    }
    assembler.closeGroup()

    expect(shown({ assembler, ...assembled })).toEqual(['trade 70.5x2', 'day-volume 102'])
  })

  it('has its own time, though that came long before its price, and nothing is traded at the old price', () => {
    const { assembler, ticks } = standing()
    assembler.take(m.text(1, m.LAST_TIME, '9', 100))
    assembler.closeGroup()
    assembler.take(m.price(1, m.LAST, 70.5, 2, 108))
    assembler.closeGroup()

    expect(ticks).toEqual([
      { kind: 'statistic', instrument: 11, name: 'last-time', value: 9, eventTsUs: 9_000_000 },
      { kind: 'trade', instrument: 11, source: 'last', price: 70.5, size: 2, eventTsUs: 9_000_000 },
    ])
  })

  it('is none when its time comes once more, by itself', () => {
    expect(shown(assemble(m.text(1, m.LAST_TIME, '7')))).toEqual([])
  })

  it('is one when a new time comes with the size that stands', () => {
    expect(shown(assemble(m.text(1, m.LAST_TIME, '9'), m.size(1, m.LAST_SIZE, 5)))).toEqual(['trade 70.6x5'])
  })
})
