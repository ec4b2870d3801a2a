/** Market data typed as frames, field by field, on its way through a socket, the real client, the intake and the assembler. */

import { describe, expect, it } from 'vitest'
import { record } from './frames-support.ts'

const UNSET = '1.7976931348623157E308'

const quote = (instrument: number, bidPrice: number, bidSize: number, askPrice: number, askSize: number) => ({
  kind: 'quote',
  instrument,
  bidPrice,
  bidSize,
  askPrice,
  askSize,
})

describe('price and size messages', () => {
  it('make a quote with the sizes inside the price messages', async () => {
    const { ticks, messages } = await record([1, 6, 7, 1, '70.5', 3, 1], [1, 6, 7, 2, '70.75', 4, 1])

    expect(ticks).toEqual([quote(70, 70.5, 3, 70.75, 4)])
    expect(messages).toBe(2)
  })

  it('make a quote from the order in which a gateway was seen to send them', async () => {
    const { ticks, messages } = await record(
      [58, 1, 7, 1],
      [81, 7, '0.01', '9c0001', 3],
      [46, 6, 7, 45, '1401975059'],
      [1, 6, 7, 4, '70.6', 100, 0],
      [2, 6, 7, 5, 100],
      [45, 6, 7, 49, '0.0'],
      [2, 6, 7, 8, 123456],
      [1, 6, 7, 6, '71.2', 0, 0],
      [1, 6, 7, 7, '69.9', 0, 0],
      [1, 6, 7, 1, '70.5', 3, 1],
      [1, 6, 7, 2, '70.75', 4, 1],
      [2, 6, 7, 0, 3],
      [2, 6, 7, 3, 4],
    )

    expect(ticks).toEqual([
      { kind: 'trade', instrument: 70, source: 'last', price: 70.6, size: 100, eventTsUs: 1401975059_000000 },
      { kind: 'statistic', instrument: 70, name: 'halted', value: 0 },
      { kind: 'statistic', instrument: 70, name: 'day-volume', value: 123456 },
      { kind: 'statistic', instrument: 70, name: 'day-high', value: 71.2 },
      { kind: 'statistic', instrument: 70, name: 'day-low', value: 69.9 },
      quote(70, 70.5, 3, 70.75, 4),
    ])
    expect(messages).toBe(13)
  })

  it('change one side and keep the other', async () => {
    const { ticks } = await record(
      [1, 6, 7, 1, '70.5', 3, 1],
      [1, 6, 7, 2, '70.75', 4, 1],
      [1, 6, 8, 1, '0.05', 1, 1],
      [2, 6, 7, 0, 9],
      [1, 6, 8, 2, '0.1', 2, 1],
      [1, 6, 7, 2, '70.8', 5, 1],
    )

    expect(ticks).toEqual([
      quote(70, 70.5, 3, 70.75, 4),
      { kind: 'quote', instrument: 80, bidPrice: 0.05, bidSize: 1 },
      quote(70, 70.5, 9, 70.75, 4),
      quote(80, 0.05, 1, 0.1, 2),
      quote(70, 70.5, 9, 70.8, 5),
    ])
  })

  it('take an empty size for one that is not known, and a size behind an empty side for nothing but a size', async () => {
    const { ticks } = await record(
      [1, 6, 7, 1, '70.5', '', 1],
      [1, 6, 7, 2, '-1', 0, 0],
      [2, 6, 7, 3, 5],
      [1, 6, 8, 1, '1', 2, 1],
      [2, 6, 8, 0, ''],
    )

    expect(ticks).toEqual([
      { kind: 'quote', instrument: 70, bidPrice: 70.5, askSize: 5 },
      { kind: 'quote', instrument: 80, bidPrice: 1 },
    ])
  })

  it('leave an empty side out, keep a zero bid, and tell a price of -1 by its size', async () => {
    const { ticks } = await record(
      [1, 6, 7, 1, '-1.0', 0, 0],
      [1, 6, 7, 2, '0.05', 10, 1],
      [1, 6, 8, 1, '0', 0, 1],
      [1, 6, 8, 2, '0.05', 10, 1],
      [1, 6, 7, 1, '-1.0', 5, 1],
    )

    expect(ticks).toEqual([
      { kind: 'quote', instrument: 70, askPrice: 0.05, askSize: 10 },
      quote(80, 0, 0, 0.05, 10),
      quote(70, -1, 5, 0.05, 10),
    ])
  })

  it('know no value where IB says so: the largest double, not a number, an empty field', async () => {
    const { ticks } = await record(
      [1, 6, 7, 1, UNSET, 0, 0],
      [1, 6, 7, 2, '70.75', UNSET, 1],
      [1, 6, 7, 6, '', 0, 0],
      [2, 6, 7, 27, UNSET],
      [2, 6, 7, 28, ''],
      [2, 6, 7, 29, 'NaN'],
      [1, 6, 7, 9, '-1', 0, 0],
    )

    expect(ticks).toEqual([
      { kind: 'quote', instrument: 70, askPrice: 70.75 },
      { kind: 'statistic', instrument: 70, name: 'day-high' },
      { kind: 'statistic', instrument: 70, name: 'call-open-interest' },
      { kind: 'statistic', instrument: 70, name: 'put-open-interest' },
      { kind: 'statistic', instrument: 70, name: 'call-volume' },
      { kind: 'statistic', instrument: 70, name: 'previous-close' },
    ])
  })

  it.each(['', '2147483647', '9223372036854775807', '-9223372036854775808', '-9223372036854775807', UNSET, '1.7976931348623157e+308'])(
    'know no size where IB writes "%s"',
    async (unset) => {
      const { ticks } = await record(
        [1, 6, 7, 1, '70.5', unset, 1],
        [1, 6, 7, 2, '70.75', 4, 1],
        [2, 6, 7, 3, unset],
        [2, 6, 7, 27, unset],
        [99, 7, 2, '1401975060', '70.61', unset, 0, 'ISLAND', ''],
        [99, 7, 3, '1401975060', '70.5', '70.52', unset, unset, 0],
      )

      const byTick = { instrument: 70, source: 'tick-by-tick', eventTsUs: 1401975060_000000 }
      expect(ticks).toEqual([
        { kind: 'quote', instrument: 70, bidPrice: 70.5, askPrice: 70.75 },
        { kind: 'statistic', instrument: 70, name: 'call-open-interest' },
        { kind: 'trade', ...byTick, price: 70.61, venue: 'ISLAND' },
        { kind: 'quote', ...byTick, bidPrice: 70.5, askPrice: 70.52 },
      ])
    },
  )

  it('have marks for what their masks say, beside that a price can be executed against', async () => {
    const { marks } = await record(
      [1, 6, 7, 1, '70.5', 3, 7],
      [1, 6, 8, 1, '70.5', 3, 1],
      [99, 7, 2, '1401975060', '70.61', 1, 2, 'ISLAND', ''],
      [99, 7, 3, '1401975060', '70.5', '70.52', 1, 1, 2],
    )

    expect(marks).toEqual(['initial,pre-open,bid-past-limit', 'initial', 'unreported', 'ask-past-limit'])
  })

  it('may have sizes with a fraction and with commas', async () => {
    const { ticks } = await record([1, 6, 7, 1, '70.5', '0.25', 1], [1, 6, 7, 2, '70.75', '1,200', 1], [2, 6, 7, 8, '1,234.5'])

    expect(ticks).toEqual([quote(70, 70.5, 0.25, 70.75, 1200), { kind: 'statistic', instrument: 70, name: 'day-volume', value: 1234.5 }])
  })

  it('of a line that is not open are reported, of a type that is not mapped too', async () => {
    const { ticks, unknownLines, unknownTypes } = await record([1, 6, 9, 1, '70.5', 3, 1], [2, 6, 9, 0, 3], [1, 6, 7, 105, '70.4', 3, 1])

    expect(ticks).toEqual([])
    expect(unknownLines).toEqual([9, 9])
    expect(unknownTypes).toEqual([105])
  })
})

describe('option computations', () => {
  it('carry all greeks', async () => {
    const { ticks } = await record([21, 7, 13, 0, '0.2512', '-0.4', '1.23', '0.15', '0.07', '0.09', '-0.02', '70.6'])

    expect(ticks).toEqual([
      {
        kind: 'greeks',
        instrument: 70,
        basis: 'model',
        impliedVolatility: 0.2512,
        delta: -0.4,
        optionPrice: 1.23,
        pvDividend: 0.15,
        gamma: 0.07,
        vega: 0.09,
        theta: -0.02,
        underlyingPrice: 70.6,
      },
    ])
  })

  it.each([
    ['-1 and -2', ['-1', '-2', '-1', '-1', '-2', '-2', '-2', '-1']],
    ['the largest double', Array.from({ length: 8 }, () => UNSET)],
    ['NaN', Array.from({ length: 8 }, () => 'NaN')],
  ])('leave out what is not computed: %s', async (_, values) => {
    const { ticks } = await record([21, 7, 10, 1, ...values], [21, 7, 11, 1, '0.3', '0.5', '1', '0', '0.1', '0.2', '-0.3', '70'])

    expect(ticks).toEqual([
      { kind: 'greeks', instrument: 70, basis: 'bid' },
      expect.objectContaining({ basis: 'ask', impliedVolatility: 0.3, pvDividend: 0, theta: -0.3 }),
    ])
  })

  it('keep a delta of -1 and a theta of -1, which are values', async () => {
    const { ticks } = await record([21, 7, 12, 1, '0.3', '-1', '1', '0', '0', '0', '-1', '70'])

    expect(ticks).toEqual([expect.objectContaining({ basis: 'last', delta: -1, theta: -1, gamma: 0, vega: 0 })])
  })
})

describe('generic and string messages', () => {
  it('give figures and texts of the line', async () => {
    const { ticks } = await record(
      [45, 6, 7, 24, '0.2345'],
      [45, 6, 7, 46, '3.0'],
      [45, 6, 7, 49, UNSET],
      [46, 6, 7, 59, '0.83,0.92,20130705,0.23'],
      [46, 6, 7, 32, 'KXZ'],
    )

    expect(ticks).toEqual([
      { kind: 'statistic', instrument: 70, name: 'implied-volatility', value: 0.2345 },
      { kind: 'statistic', instrument: 70, name: 'shortable', value: 3 },
      { kind: 'statistic', instrument: 70, name: 'halted' },
      { kind: 'statistic', instrument: 70, name: 'dividends', text: '0.83,0.92,20130705,0.23' },
      { kind: 'statistic', instrument: 70, name: 'bid-venues', text: 'KXZ' },
    ])
  })

  it('give the last trade of RTVolume with its milliseconds, and the totals of the day', async () => {
    const eventTsUs = 1401975060123_000
    const { ticks } = await record(
      [46, 6, 7, 48, '70.6;2;1401975060123;123456;70.41;true'],
      [46, 6, 7, 48, ';0;1401975060123;123456;70.41;true'],
    )

    const totals = [
      { kind: 'statistic', instrument: 70, name: 'rt-day-volume', value: 123456, eventTsUs },
      { kind: 'statistic', instrument: 70, name: 'rt-vwap', value: 70.41, eventTsUs },
    ]
    expect(ticks).toEqual([{ kind: 'trade', instrument: 70, source: 'rt-volume', price: 70.6, size: 2, eventTsUs }, ...totals, ...totals])
  })

  it('give the second of the last trade, which comes ahead of its price', async () => {
    const trade = { kind: 'trade', instrument: 70, source: 'last', price: 70.6, size: 100, eventTsUs: 1401975059_000000 }
    const price = [1, 6, 7, 4, '70.6', 100, 0]
    const time = [46, 6, 7, 45, '1401975059']

    expect((await record(time, price)).ticks).toEqual([trade])
    expect((await record(time, price, [2, 6, 7, 5, 100])).ticks).toEqual([trade])
  })
})
