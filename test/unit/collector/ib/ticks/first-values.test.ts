/** Which values are marked as first ones, and what a line that is asked for again records of its last trade. */

import { describe, expect, it } from 'vitest'
import type { LineMessage } from '../../../../../collector/ib/messages.ts'
import * as m from './line-messages.ts'

const OPEN_S = 1_401_975_000
const OPEN_MS = OPEN_S * 1000

/** Takes each message as an update of its own. */
function take({ assembler }: m.Assembled, ...messages: LineMessage[]): void {
  for (const message of messages) {
    assembler.take(message)
    assembler.closeGroup()
  }
}

function oneLine(silenceMs?: number): m.Assembled {
  const assembled = m.recordingAssembler(silenceMs)
  assembled.assembler.openLine(1, 11)
  assembled.assembler.accept({ type: 'line-accepted', reqId: 1, marketDataType: 1, arrivalMs: OPEN_MS })
  return assembled
}

/** The kind or name of each tick with its marks. */
const marked = ({ ticks, marks }: m.Assembled) => ticks.map((tick, i) => [String(tick['name'] ?? tick['kind']), marks[i]].join(' ').trim())

describe('the first value of each tick type', () => {
  it('is state: of the quote, of a trade, of figures and of option values', () => {
    const line = oneLine()
    for (let i = 0; i < 2; i++) {
      const ms = OPEN_MS + 100 + i * 1000
      take(line, m.price(1, m.BID, 70 + i, 3, ms), m.price(1, m.LAST, 70 + i, 1, ms), m.size(1, m.VOLUME, i, ms), m.greeks(1, 13, {}, ms))
    }
    expect(marked(line)).toEqual([
      'quote initial',
      'trade initial',
      'day-volume initial',
      'greeks initial',
      'quote',
      'trade',
      'day-volume',
      'greeks',
    ])
  })

  it('marks a quote of which one part is a first one', () => {
    const line = oneLine()
    const [bid, ask] = [m.price(1, m.BID, 70, 3, OPEN_MS + 1), m.price(1, m.ASK, 71, 3, OPEN_MS + 500)]
    take(line, bid, ask, m.size(1, m.BID_SIZE, 4, OPEN_MS + 900), m.size(1, m.ASK_SIZE, 4, OPEN_MS + 901))
    expect(marked(line)).toEqual(['quote initial', 'quote initial', 'quote', 'quote'])
  })

  it('has happened when it comes more than 11 s behind the acceptance of the line', () => {
    const line = oneLine()
    take(line, m.price(1, m.BID, 70, 3, OPEN_MS + 11_000), m.price(1, m.ASK, 71, 3, OPEN_MS + 11_001))
    take(line, m.text(1, m.LAST_TIME, String(OPEN_S + 3600), OPEN_MS + 3_600_000), m.price(1, m.LAST, 70, 1, OPEN_MS + 3_600_000))
    expect(marked(line)).toEqual(['quote initial', 'quote', 'trade'])
  })

  it('is counted from the first data where the gateway said nothing before', () => {
    const line = m.recordingAssembler()
    line.assembler.openLine(1, 11)
    take(line, m.price(1, m.BID, 70, 3, OPEN_MS + 60_000), m.price(1, m.ASK, 71, 3, OPEN_MS + 71_001))
    expect(marked(line)).toEqual(['quote initial', 'quote'])
  })

  it('is state however late it comes, when it is a last trade of long before', () => {
    const line = oneLine()
    const lateMs = OPEN_MS + 60_000
    line.assembler.take(m.text(1, m.LAST_TIME, String(OPEN_S - 11), lateMs))
    take(line, m.price(1, m.LAST, 70, 1, lateMs))
    expect(marked(line)).toEqual(['trade initial'])
  })

  it('is one of now when it is an RTVolume that was traded behind the acceptance', () => {
    const at = (ms: number) => m.text(1, m.RT_VOLUME, `70;1;${ms};;;true`, OPEN_MS + 2000)
    const [before, behind] = [oneLine(), oneLine()]
    take(before, at(OPEN_MS - 1))
    take(behind, at(OPEN_MS + 1))
    expect([marked(before), marked(behind)]).toEqual([['trade initial'], ['trade']])
  })

  it('is not one of tick-by-tick data', () => {
    const line = oneLine()
    take(line, m.quote(1, { bidPrice: 70, bidSize: 1, arrivalMs: OPEN_MS }), m.trade(1, { price: 70, size: 1, arrivalMs: OPEN_MS }))
    expect(line.marks).toEqual(['', ''])
  })
})

describe('where a gateway publishes its time', () => {
  it('the values of the moment at which it accepts the line, or names the type of its data once more, are state, and no others', () => {
    const line = oneLine(Number.POSITIVE_INFINITY)
    const accept = (arrivalMs: number, marketDataType = 1) =>
      line.assembler.accept({ type: 'line-accepted', reqId: 1, marketDataType, arrivalMs })
    take(line, m.price(1, m.BID, 70, 3, OPEN_MS), m.price(1, m.ASK, 71, 3, OPEN_MS + 1))
    accept(OPEN_MS + 2)
    take(line, m.price(1, m.BID, 72, 3, OPEN_MS + 2), m.price(1, m.ASK, 73, 3, OPEN_MS + 3))
    accept(OPEN_MS + 4, 2)
    take(line, m.price(1, m.BID, 71, 3, OPEN_MS + 4))
    expect(marked(line)).toEqual(['quote initial', 'quote', 'quote initial', 'quote', 'quote frozen'])
  })
})

describe('a line that is asked for again', () => {
  const trade = (price = 70, size = 5, second = OPEN_S) => [
    m.text(1, m.LAST_TIME, String(second), OPEN_MS + 100),
    m.price(1, m.LAST, price, size, OPEN_MS + 100),
  ]

  function again(...second: LineMessage[]): string[] {
    const line = oneLine()
    for (const message of trade()) line.assembler.take(message)
    line.assembler.closeLine(1)
    line.assembler.abandonGroup()
    line.assembler.openLine(1, 11)
    for (const message of second) line.assembler.take(message)
    line.assembler.closeGroup()
    return marked(line)
  }

  it('does not record again the last trade that was recorded', () => {
    expect(again(...trade())).toEqual(['trade initial'])
  })

  it.each([
    ['price', trade(71)],
    ['size', trade(70, 6)],
    ['time', trade(70, 5, OPEN_S + 1)],
  ])('records the last trade of the meantime, which has another %s, as state', (_, second) => {
    expect(again(...second)).toEqual(['trade initial', 'trade initial'])
  })

  it('records an equal trade that follows as the event that it is', () => {
    expect(again(...trade(), m.price(1, m.LAST, 70, 5, OPEN_MS + 900))).toEqual(['trade initial', 'trade'])
  })
})
