/** Marks that ticks have for what IB says beside the values: types of data, masks of prices, venues; and for a stall. */

import { describe, expect, it } from 'vitest'
import * as m from './line-messages.ts'

function oneLine(): m.Assembled {
  const assembled = m.recordingAssembler()
  assembled.assembler.openLine(1, 11)
  // First values, long ago.
  for (const message of [
    m.price(1, m.LAST, 70, 1, 0),
    m.price(1, m.BID, 70, 1, 0),
    m.price(1, m.ASK, 71, 1, 0),
    m.price(1, m.HIGH, 71, 0, 0),
  ])
    assembled.assembler.take(message)
  assembled.assembler.closeGroup()
  assembled.marks.length = 0
  return assembled
}

const PAST_LIMIT = 2
const PRE_OPEN = 4

describe('the mask of a price', () => {
  it('marks its quote for as long as the price stands, and no longer as one from before the open when any price is not', () => {
    const { assembler, marks } = oneLine()
    for (const message of [
      m.price(1, m.BID, 71, 1, 1000, PRE_OPEN | PAST_LIMIT),
      m.size(1, m.ASK_SIZE, 2, 2000),
      m.price(1, m.ASK, 72, 1, 3000, PAST_LIMIT),
      m.price(1, m.BID, 70, 1, 4000),
    ]) {
      assembler.take(message)
      assembler.closeGroup()
    }
    expect(marks).toEqual(['pre-open,bid-past-limit', 'pre-open,bid-past-limit', 'bid-past-limit,ask-past-limit', 'ask-past-limit'])
  })

  it('marks a trade, and a figure', () => {
    const { assembler, marks } = oneLine()
    assembler.take(m.price(1, m.LAST, 71, 1, 1000, PAST_LIMIT))
    assembler.take(m.price(1, m.HIGH, 71, 0, 1000, PRE_OPEN))
    assembler.closeGroup()
    expect(marks).toEqual(['past-limit', 'pre-open'])
  })
})

describe('the mask of a tick-by-tick message', () => {
  it.each([
    [0, '', ''],
    [1, 'past-limit', 'bid-past-limit'],
    [2, 'unreported', 'ask-past-limit'],
    [3, 'past-limit,unreported', 'bid-past-limit,ask-past-limit'],
  ])('%i marks a trade as "%s" and a quote as "%s"', (mask, trade, quote) => {
    const { assembler, marks } = oneLine()
    assembler.take(m.trade(1, { price: 70, mask }))
    assembler.take(m.quote(1, { bidPrice: 70, bidSize: 1, mask }))
    expect(marks).toEqual([trade, quote])
  })
})

describe('the type of the data', () => {
  it.each([
    [1, '', undefined],
    [2, 'frozen', undefined],
    [3, '', true],
    [4, 'frozen', true],
  ])('%i marks everything that follows as "%s", delayed: %s', (marketDataType, mark, delayed) => {
    const { assembler, ticks, marks } = oneLine()
    ticks.length = 0
    assembler.accept({ type: 'line-accepted', reqId: 1, marketDataType, arrivalMs: 900 })
    for (const message of [m.price(1, m.BID, 70.5, 1, 20_000), m.size(1, m.HIGH, 2, 20_000), m.quote(1), m.trade(1, { price: 1 })]) {
      assembler.take(message)
      assembler.closeGroup()
    }
    expect(marks).toEqual([mark, mark, mark, mark])
    expect(ticks.map((tick) => tick['delayed'])).toEqual([delayed, delayed, delayed, delayed])
  })
})

describe('the key of venue letters', () => {
  it('is recorded ahead of the first letters of a line, once, and not for a line without any', () => {
    const { assembler, ticks } = oneLine()
    ticks.length = 0
    assembler.accept({ type: 'line-accepted', reqId: 1, bboExchange: '9c0001', arrivalMs: 900 })
    for (const message of [m.size(1, m.VOLUME, 1), m.text(1, 32, 'KXZ'), m.text(1, 84, 'K')]) assembler.take(message)
    expect(ticks.map(({ name, value, text }) => [name, value ?? text])).toEqual([
      ['day-volume', 1],
      ['bbo-exchange', '9c0001'],
      ['bid-venues', 'KXZ'],
      ['last-venue', 'K'],
    ])
  })
})

describe('the burst behind a stall', () => {
  it('is marked as late, and a quote of several parts in it as merged, though other lines have their turn in between', () => {
    const { assembler, marks } = oneLine()
    assembler.openLine(2, 22)
    for (let ms = 20_000; ms < 50_000; ms += 100) assembler.take(m.size(2, m.VOLUME, ms, ms))
    marks.length = 0
    const [fromMs, untilMs] = [54_000, 54_001]
    assembler.take(m.size(1, m.BID_SIZE, 9, fromMs))
    assembler.take(m.size(1, m.ASK_SIZE, 9, fromMs))
    assembler.take(m.size(2, m.VOLUME, 1, untilMs))
    assembler.take(m.size(1, m.ASK_SIZE, 8, untilMs))
    assembler.closeGroup()
    assembler.take(m.size(2, m.VOLUME, 2, untilMs + 100))
    expect(marks).toEqual(['merged,late', 'late', 'late', ''])
  })

  it('is not what another link begins with, however short the pause was', () => {
    const { assembler, marks } = oneLine()
    assembler.openLine(2, 22)
    for (let ms = 20_000; ms < 50_000; ms += 100) assembler.take(m.size(2, m.VOLUME, ms, ms))
    assembler.abandonGroup()
    assembler.openLine(3, 33)
    marks.length = 0
    assembler.take(m.size(3, m.VOLUME, 1, 60_000))
    expect(marks).toEqual(['initial'])
  })
})
