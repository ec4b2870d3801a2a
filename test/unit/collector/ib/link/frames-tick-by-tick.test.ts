/** Tick-by-tick and delayed data typed as frames, on its way through a socket, the real client, the intake and the assembler. */

import { describe, expect, it } from 'vitest'
import { record } from './frames-support.ts'
import { connectedLink } from '../tws-support.ts'

const UNSET = '1.7976931348623157E308'
const SECOND = 1401975060
const eventTsUs = SECOND * 1_000_000

describe('a tick-by-tick trade', () => {
  const base = { kind: 'trade', instrument: 70, source: 'tick-by-tick' }

  it('is one trade with its second, venue and conditions as they came', async () => {
    const { ticks, messages } = await record(
      [99, 7, 2, SECOND, '70.61', 100, 0, 'ISLAND', ' O X'],
      [99, 7, 2, SECOND, '70.61', 100, 0, 'ISLAND', ' O X'],
      [99, 7, 1, SECOND + 1, '70.6', 7, 2, 'FINRA', '   I'],
      [99, 8, 2, SECOND + 1, '70.62', 200, 1, 'NYSE', ''],
    )

    const first = { ...base, eventTsUs, price: 70.61, size: 100, venue: 'ISLAND', conditions: ' O X' }
    expect(ticks).toEqual([
      first,
      first,
      { ...base, eventTsUs: eventTsUs + 1_000_000, price: 70.6, size: 7, venue: 'FINRA', conditions: '   I' },
      { ...base, instrument: 80, eventTsUs: eventTsUs + 1_000_000, price: 70.62, size: 200, venue: 'NYSE' },
    ])
    expect(messages).toBe(4)
  })

  it('may have a size with a fraction or with commas, and misses what IB does not know', async () => {
    const { ticks } = await record(
      [99, 7, 2, SECOND, '70.5', '0.25', 0, 'NYSE', ''],
      [99, 7, 2, SECOND, '70.5', '1,200', 0, '', ''],
      [99, 7, 2, '', '', '', 0, '', ''],
      [99, 7, 2, SECOND, UNSET, UNSET, 0, '', ''],
      [99, 7, 2, 'soon', 'NaN', 'NaN', 0, '', ''],
    )

    expect(ticks).toEqual([
      { ...base, eventTsUs, price: 70.5, size: 0.25, venue: 'NYSE' },
      { ...base, eventTsUs, price: 70.5, size: 1200 },
      { ...base, price: Number.NaN },
      { ...base, eventTsUs, price: Number.NaN },
      { ...base, price: Number.NaN },
    ])
  })
})

describe('a tick-by-tick quote', () => {
  const base = { kind: 'quote', instrument: 70, source: 'tick-by-tick', eventTsUs }

  it('is one quote with its second, complete by itself', async () => {
    const { ticks, messages } = await record(
      [99, 7, 3, SECOND, '70.5', '70.52', 300, '1,200', 0],
      [99, 7, 3, SECOND, '70.51', '70.52', '0.5', 400, 3],
      [99, 7, 3, SECOND, '70.51', '70.52', '0.5', 400, 0],
    )

    const second = { ...base, bidPrice: 70.51, bidSize: 0.5, askPrice: 70.52, askSize: 400 }
    expect(ticks).toEqual([{ ...base, bidPrice: 70.5, bidSize: 300, askPrice: 70.52, askSize: 1200 }, second, second])
    expect(messages).toBe(3)
  })

  it.each([
    ['-1 without a size', [-1, '70.52', 0, 400], { askPrice: 70.52, askSize: 400 }],
    ['an empty field', ['70.5', '', 300, ''], { bidPrice: 70.5, bidSize: 300 }],
    ['the largest double', [UNSET, '70.52', UNSET, 400], { askPrice: 70.52, askSize: 400 }],
    ['not a number', ['NaN', 'NaN', 'NaN', 'NaN'], {}],
  ])('leaves a side out that is not there: %s', async (_, values, sides) => {
    expect((await record([99, 7, 3, SECOND, ...values, 0])).ticks).toEqual([{ ...base, ...sides }])
  })

  it('does not wait for another message, and ends the open group of another line', async () => {
    const { ticks } = await record([1, 6, 8, 1, '0.05', 1, 1], [99, 7, 3, SECOND, '70.5', '70.52', 300, 400, 0], [1, 6, 8, 2, '0.1', 2, 1])

    expect(ticks).toEqual([
      { kind: 'quote', instrument: 80, bidPrice: 0.05, bidSize: 1 },
      { ...base, bidPrice: 70.5, bidSize: 300, askPrice: 70.52, askSize: 400 },
      { kind: 'quote', instrument: 80, bidPrice: 0.05, bidSize: 1, askPrice: 0.1, askSize: 2 },
    ])
  })
})

describe('a tick-by-tick line', () => {
  it('is asked for and cancelled as IB documents it', async () => {
    const { link, tws } = await connectedLink()
    const contract = { conId: 8314, symbol: 'IBM', secType: 'STK' as never, exchange: 'SMART', currency: 'USD' }
    await link.openTickByTick(3, contract, 'trades')
    await link.openTickByTick(4, contract, 'quotes')
    await link.closeTickByTick(4)

    const wanted = ['8314', 'IBM', 'STK', '', '', '', '', 'SMART', '', 'USD', '', '']
    expect(await tws.request(97)).toEqual(['97', '3', ...wanted, 'AllLast', '0', '0'])
    expect(await tws.request(97)).toEqual(['97', '4', ...wanted, 'BidAsk', '0', '0'])
    expect(await tws.request(98)).toEqual(['98', '4'])
  })

  it('is alive from its first message, though nothing but data came', async () => {
    const { aliveLines } = await record(
      [99, 7, 3, SECOND, '70.5', '70.52', 300, 400, 0],
      [99, 7, 3, SECOND, '70.5', '70.53', 300, 400, 0],
      [1, 6, 8, 1, '0.05', 1, 1],
    )

    expect(aliveLines).toEqual([7, 8])
  })
})

describe('delayed data', () => {
  it('has its own types, which are mapped to those of real time and marked', async () => {
    const delayed = true
    const { ticks, unknownTypes } = await record(
      [46, 6, 7, 88, SECOND],
      [1, 6, 7, 68, '70.6', 100, 0],
      [2, 6, 7, 71, 100],
      [1, 6, 7, 66, '70.5', 3, 0],
      [1, 6, 7, 67, '70.75', 4, 0],
      [2, 6, 7, 69, 3],
      [2, 6, 7, 70, 4],
      [1, 6, 7, 72, '71.2', 0, 0],
      [1, 6, 7, 73, '69.9', 0, 0],
      [2, 6, 7, 74, 123456],
      [1, 6, 7, 75, '69.8', 0, 0],
      [1, 6, 7, 76, '70.1', 0, 0],
      [45, 6, 7, 90, '0'],
      [45, 6, 7, 103, '0.041'],
      [45, 6, 7, 104, '0.042'],
      ...[80, 81, 82, 83].map((type) => [21, 8, type, 0, '0.25', '-0.4', '1.23', '0.15', '0.07', '0.09', '-0.02', '70.6']),
    )

    const statistic = (name: string, value: number) => ({ kind: 'statistic', instrument: 70, name, value, delayed })
    expect(ticks).toEqual([
      { kind: 'trade', instrument: 70, source: 'last', price: 70.6, size: 100, eventTsUs, delayed },
      { kind: 'quote', instrument: 70, bidPrice: 70.5, bidSize: 3, askPrice: 70.75, askSize: 4, delayed },
      statistic('day-high', 71.2),
      statistic('day-low', 69.9),
      statistic('day-volume', 123456),
      statistic('previous-close', 69.8),
      statistic('day-open', 70.1),
      statistic('halted', 0),
      statistic('bid-yield', 0.041),
      statistic('ask-yield', 0.042),
      ...['bid', 'ask', 'last', 'model'].map((basis) => expect.objectContaining({ kind: 'greeks', instrument: 80, basis, delayed })),
    ])
    expect(unknownTypes).toEqual([])
  })

  it.each([3, 4])('is all data of a line of the data type %i, whatever the types of its messages', async (type) => {
    const { ticks, controls } = await record(
      [58, 1, 7, type],
      [1, 6, 7, 1, '70.5', 3, 1],
      [46, 6, 7, 48, '70.6;2;1401975060123;123456;70.41;true'],
      [99, 7, 3, SECOND, '70.5', '70.52', 300, 400, 0],
      [99, 7, 2, SECOND, '70.61', 100, 0, 'ISLAND', ''],
      [1, 6, 8, 1, '0.05', 1, 1],
    )

    expect(ticks.map(({ kind, instrument, delayed }) => [kind, instrument, delayed])).toEqual([
      ['quote', 70, true],
      ['trade', 70, true],
      ['statistic', 70, true],
      ['statistic', 70, true],
      ['quote', 70, true],
      ['trade', 70, true],
      ['quote', 80, undefined],
    ])
    expect(controls).toEqual([expect.objectContaining({ type: 'line-accepted', reqId: 7, marketDataType: type })])
  })

  it('ends with the message that the data is in real time, and lends no side to the quote that follows', async () => {
    const { ticks } = await record(
      [58, 1, 7, 3],
      [1, 6, 7, 66, '70.5', 3, 0],
      [1, 6, 7, 67, '70.75', 4, 0],
      [58, 1, 7, 1],
      [1, 6, 7, 1, '71.5', 3, 1],
      [81, 7, '0.01', '9c0001', 3],
      [1, 6, 7, 2, '71.75', 4, 1],
    )

    expect(ticks).toEqual([
      { kind: 'quote', instrument: 70, bidPrice: 70.5, bidSize: 3, askPrice: 70.75, askSize: 4, delayed: true },
      { kind: 'quote', instrument: 70, bidPrice: 71.5, bidSize: 3 },
      { kind: 'quote', instrument: 70, bidPrice: 71.5, bidSize: 3, askPrice: 71.75, askSize: 4 },
    ])
  })
})
