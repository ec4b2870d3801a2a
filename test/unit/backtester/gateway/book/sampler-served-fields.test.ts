/** What lines get beside quotes: trades, figures, option values, delayed ids, tick-by-tick data. */

import { describe, expect, it } from 'vitest'

import { dataTypeOf } from '../../../../../backtester/gateway/book/market-data-line.ts'
import { BarLine } from '../../../../../backtester/gateway/history/bar-line.ts'
import { barSeries } from '../../../../../backtester/gateway/history/bar-series.ts'
import { Mark } from '../../../../../market/marks.ts'
import type { TradeSource } from '../../../../../market/tick.ts'
import { CONTRACTS, OPEN_US, quoteAt } from '../../../../support/gateway/gateway-tape.ts'
import { figureAt, greeksAt, Rig, tradeAt } from './sampler-rig.ts'

describe('a trade', () => {
  it('goes out as time, price with size and the day volume, and RTVolume where it was asked for', () => {
    const rig = new Rig(false)
    rig.open(0, 1)
    rig.open(0, 2, { generics: new Set([233]) })
    rig.play(tradeAt(0, 0, 70, 3), tradeAt(1, 0, 71, 1))
    const first = ['46|6|1|45|1401975000', '1|6|1|4|70|3|0', '2|6|1|8|3']
    const last = ['46|6|2|48|71;1;1401975000001;4;70.25;true', '46|6|2|45|1401975000', '1|6|2|4|71|1|0', '2|6|2|8|4']
    expect(rig.finish().slice(0, 4)).toEqual(['@0', ...first])
    expect(rig.recorder.sent.slice(-4).toSorted()).toEqual(last.toSorted())
    expect(rig.sampler.totals).toMatchObject({ changes: 14, ticksServed: 14, messagesServed: 14, notServed: 0 })
  })

  it('is told again though it is like the one before, and gives way to a later one before the step', () => {
    const rig = new Rig(true)
    rig.open(0, 1)
    rig.play(tradeAt(1, 0, 70, 3), tradeAt(2, 0, 70, 3), tradeAt(300, 0, 70, 3))
    expect(rig.finish()).toEqual([
      '@250',
      '46|6|1|45|1401975000',
      '1|6|1|4|70|3|0',
      '2|6|1|8|6',
      '@500',
      '46|6|1|45|1401975000',
      '1|6|1|4|70|3|0',
      '2|6|1|8|9',
    ])
    expect(rig.sampler.totals).toMatchObject({ changes: 6, merged: 2, ticksServed: 4 })
  })

  it('is told once of a tape that has it from two sources', () => {
    const rig = new Rig(false, new Set<TradeSource>(['last', 'rt-volume']))
    rig.open(0, 1, { generics: new Set([233]) })
    rig.play(tradeAt(0, 0, 70, 3, 'last'), tradeAt(0, 0, 70, 3, 'rt-volume'), figureAt(0, 0, 'rt-day-volume', 1000))
    rig.play(tradeAt(1, 0, 70, 5, 'rt-volume'))
    expect(rig.finish().filter((line) => !line.startsWith('@'))).toEqual([
      '46|6|1|45|1401975000',
      '1|6|1|4|70|3|0',
      '46|6|1|48|70;3;1401975000000;3;70;true',
      '46|6|1|48|70;5;1401975000001;1005;70;true',
    ])
    expect(rig.sampler.totals.notServed).toBe(1)
  })

  it('of RTVolume or of samples does not add up to the day volume, which the tape has as a figure', () => {
    for (const source of ['rt-volume', 'last'] as const) {
      const rig = new Rig(false, new Set<TradeSource>([source]))
      rig.open(0, 1)
      rig.play(tradeAt(0, 0, 70, 3, source))
      expect(rig.finish()).toEqual(['@0', '46|6|1|45|1401975000', '1|6|1|4|70|3|0'])
    }
  })
})

describe('a trade that the tape has as a first value', () => {
  it('is news of the last trade, announced as such, and no trade of tick-by-tick data', () => {
    const rig = new Rig(false, new Set<TradeSource>(['last']))
    rig.open(0, 1)
    rig.openTicks(0, 2, 'AllLast')
    rig.play({ ...tradeAt(0, 0, 70, 3, 'last'), marks: Mark.initial })
    expect(rig.finish()).toEqual(['@0', '58|1|1|1', '46|6|1|45|1401975000', '1|6|1|4|70|3|0'])
    expect(rig.sampler.totals).toMatchObject({ changes: 1, ticksServed: 1, notServed: 0 })
  })

  it('is not served of a tape whose last trades come from elsewhere', () => {
    const rig = new Rig(false, new Set<TradeSource>(['rt-volume']))
    rig.open(0, 1)
    rig.play({ ...tradeAt(0, 0, 70, 3, 'last'), marks: Mark.initial })
    expect([rig.finish(), rig.sampler.totals.notServed]).toEqual([[], 1])
  })

  it('of RTVolume is news of it with the totals of the tape, and no trade of tick-by-tick data or bars', () => {
    const rig = new Rig(true, new Set<TradeSource>(['last', 'rt-volume']))
    rig.open(0, 1, { generics: new Set([233]) })
    rig.openTicks(0, 2, 'AllLast')
    rig.openRealTimeBars(0, 3, 'TRADES')
    rig.play({ ...tradeAt(0, 0, 70, 3, 'rt-volume'), marks: Mark.initial })
    rig.play(figureAt(0, 0, 'rt-day-volume', 1000), figureAt(0, 0, 'rt-vwap', 70))
    rig.play({ ...tradeAt(1000, 0, 70, 100, 'rt-volume'), conditions: '' })
    expect(rig.finish()).toEqual([
      '@0',
      '58|1|1|1',
      '46|6|1|48|70;3;1401975000000;1000;70;true',
      '@1000',
      '99|2|2|1401975001|70|100|0|NYSE|',
      '@1000',
      '46|6|1|48|70;100;1401975001000;1100;70;true',
      '@5000',
      `50|3|3|${OPEN_US / 1_000_000}|70|70|70|70|100|70|1`,
    ])
  })

  it('of an imported tape adds nothing to the volume of the day', () => {
    const rig = new Rig(false, new Set<TradeSource>(['import']))
    rig.open(0, 1)
    rig.play({ ...tradeAt(0, 0, 70, 3), marks: Mark.initial }, tradeAt(1, 0, 71, 2))
    expect(rig.finish().filter((line) => line.startsWith('2|6|1|8|'))).toEqual(['2|6|1|8|2'])
  })
})

describe('figures and option values', () => {
  it('go out through the messages of their tick types, if their generic tick was asked for', () => {
    const rig = new Rig(false)
    rig.open(0, 1, { generics: new Set([101, 106, 236, 456]) })
    rig.open(0, 2)
    const figures = [figureAt(0, 0, 'day-high', 71.5), figureAt(0, 0, 'call-open-interest', 9), figureAt(0, 0, 'implied-volatility', 0.25)]
    rig.play(...figures, figureAt(0, 0, 'shortable', 3), figureAt(0, 0, 'dividends', undefined, '0.83,0.92,20130219,0.23'))
    rig.play(figureAt(0, 0, 'call-volume', 9), figureAt(0, 0, 'day-high', 71.5), figureAt(0, 0, 'no-such-figure', 1))
    expect(rig.finish().filter((line) => !line.startsWith('@'))).toEqual([
      '1|6|1|6|71.5|0|0',
      '1|6|2|6|71.5|0|0',
      '2|6|1|27|9',
      '45|6|1|24|0.25',
      '45|6|1|46|3',
      '46|6|1|59|0.83,0.92,20130219,0.23',
    ])
    expect(rig.sampler.totals).toMatchObject({ changes: 6, ticksServed: 6, notServed: 1 })
  })

  it('have sentinels for what is not known, and one state for each basis', () => {
    const rig = new Rig(true)
    rig.open(1, 9)
    rig.play(greeksAt(0, 1, 'bid', 0.3), greeksAt(1, 1, 'model', 0.31), greeksAt(2, 1, 'model', 0.32))
    expect(rig.finish()).toEqual(['@0', '21|9|10|1|0.3|0.5|-1|-1|-2|-2|-2|-1', '@100', '21|9|13|1|0.32|0.5|-1|-1|-2|-2|-2|-1'])
  })

  it('of a new line come ahead of the quote, in the order in which a real gateway was seen to send them', () => {
    const rig = new Rig(true)
    rig.play(figureAt(0, 0, 'halted', 0), tradeAt(0, 0, 70, 3), figureAt(1, 0, 'day-high', 71), quoteAt(2, 0, [70, 1], [71, 1]))
    rig.open(0, 9)
    expect(rig.finish().map((line) => line.split('|').slice(0, 4).join('|'))).toEqual([
      '@1',
      '46|6|9|45',
      '1|6|9|4',
      '45|6|9|49',
      '2|6|9|8',
      '1|6|9|6',
      '1|6|9|1',
      '1|6|9|2',
    ])
    expect(rig.sampler.totals).toMatchObject({ changes: 0, statesServed: 5, ticksServed: 5, messagesServed: 7 })
  })

  it('are computed behind a quote when that was asked for and both quotes have two sides', () => {
    const rig = new Rig(false)
    const { book, sampler } = rig
    sampler.computeOptionValues(({ underConId }) => book.byConId(underConId), 0)
    rig.open(1, 9)
    rig.play(quoteAt(0, 1, [2, 1], [2.2, 1]), quoteAt(1, 0, [70.9, 1], [71.1, 1]), quoteAt(2, 1, [2.1, 1], [2.3, 1]))
    const computed = rig.finish().filter((line) => line.startsWith('21|'))
    // Of the bid, of the ask and, last, of the middle.
    expect(computed.map((line) => line.split('|')).map(([, , type, , , , price]) => [type, price])).toEqual([
      ['10', '2.1'],
      ['11', '2.3'],
      ['13', '2.2'],
    ])
    const [, , type, , volatility, delta, price, dividend, gamma, vega, theta, spot] = (computed[2] ?? '').split('|').map(Number)
    expect([type, price, dividend, spot]).toEqual([13, 2.2, 0, 71])
    // 70 call on 71 with 15.27 days left: 1.20 of time value.
    expect(volatility).toBeGreaterThan(0.1)
    expect(volatility).toBeLessThan(0.4)
    expect(delta).toBeGreaterThan(0.5)
    expect(gamma).toBeGreaterThan(0)
    expect(vega).toBeLessThan(0.1)
    expect(theta).toBeLessThan(0)
    expect(sampler.totals).toMatchObject({ changes: 2, derived: 3, ticksServed: 5 })
  })

  it('that are computed are part of the state that a new line gets, and derived from nothing', () => {
    const rig = new Rig(false)
    const { book, sampler } = rig
    sampler.computeOptionValues(({ underConId }) => book.byConId(underConId), 0)
    rig.play(quoteAt(0, 1, [2, 1], [2.2, 1]), quoteAt(1, 0, [70.9, 1], [71.1, 1]))
    rig.open(1, 9)
    expect(rig.finish().filter((line) => line.startsWith('21|'))).toHaveLength(3)
    expect(sampler.totals).toMatchObject({ changes: 0, derived: 0, statesServed: 4, ticksServed: 4 })
  })

  it('are computed of the last trade, too, and of a price again only when it or the price of the underlying has changed', () => {
    const rig = new Rig(false)
    const { book, sampler } = rig
    sampler.computeOptionValues(({ underConId }) => book.byConId(underConId), 0)
    rig.open(1, 9)
    rig.play(quoteAt(0, 0, [70.9, 1], [71.1, 1]), tradeAt(1, 1, 2.15, 1), quoteAt(2, 1, [2.1, 1], [2.3, 1]))
    rig.play(quoteAt(3, 1, [2.1, 5], [2.3, 5]), quoteAt(4, 0, [70.8, 1], [71, 1]), quoteAt(5, 1, [2.1, 6], undefined))
    const computed = rig.finish().filter((line) => line.startsWith('21|'))
    expect(computed.map((line) => line.split('|')).map((fields) => [fields[2], fields[6], fields[11]])).toEqual([
      ['10', '2.1', '71'],
      ['11', '2.3', '71'],
      ['12', '2.15', '71'],
      ['13', '2.2', '71'],
      ['13', '2.2', '71'],
      // Without an ask there is no middle.
      ['10', '2.1', '70.9'],
      ['12', '2.15', '70.9'],
    ])
  })

  it('are not computed any more once the tape tells them', () => {
    const rig = new Rig(false)
    const { book, sampler } = rig
    sampler.computeOptionValues(({ underConId }) => book.byConId(underConId), 0)
    rig.open(1, 9)
    rig.play(quoteAt(0, 0, [70.9, 1], [71.1, 1]), greeksAt(1, 1, 'model', 0.31), quoteAt(2, 1, [2, 1], [2.2, 1]))
    expect(rig.finish().filter((line) => line.startsWith('21|'))).toEqual(['21|9|13|1|0.31|0.5|-1|-1|-2|-2|-2|-1'])
  })
})

describe('delayed data', () => {
  it('goes out under its own ids', () => {
    const rig = new Rig(false)
    rig.open(0, 9, { dataType: 3 })
    rig.play(quoteAt(0, 0, [70, 3], [71, 4]), quoteAt(1, 0, [70, 4], [71, 5]), tradeAt(2, 0, 70, 1), figureAt(3, 0, 'day-high', 71))
    expect(rig.finish().filter((line) => !line.startsWith('@'))).toEqual([
      '1|6|9|66|70|3|1',
      '1|6|9|67|71|4|1',
      '2|6|9|69|4',
      '2|6|9|70|5',
      '46|6|9|88|1401975000',
      '1|6|9|68|70|1|0',
      '2|6|9|74|1',
      '1|6|9|72|71|0|0',
    ])
  })
})

describe('the announced type of the data', () => {
  it('is frozen only where the data is, whatever the client asked for', () => {
    const rig = new Rig(false)
    rig.play(quoteAt(0, 0, [70, 3], [71, 4]))
    const { book } = rig.open(0, 1)
    expect([1, 2, 3, 4].map((asked) => dataTypeOf(asked, book))).toEqual([1, 1, 3, 3])
    rig.play({ ...quoteAt(1, 0, [70, 4], [71, 4]), marks: Mark.frozen })
    expect([1, 2, 3, 4].map((asked) => dataTypeOf(asked, book))).toEqual([2, 2, 4, 4])
    rig.play(quoteAt(2, 0, [70, 5], [71, 4]))
    expect([1, 2, 3, 4].map((asked) => dataTypeOf(asked, book))).toEqual([1, 1, 3, 3])
  })
})

describe('a tick-by-tick line', () => {
  it('gets every trade or every quote at once, whatever the sampling', () => {
    const rig = new Rig(true)
    for (const [i, kind] of (['Last', 'AllLast', 'BidAsk', 'MidPoint'] as const).entries()) rig.openTicks(0, i + 1, kind)
    rig.play(tradeAt(0, 0, 70, 3), quoteAt(1, 0, [70, 1], [71, 2]), quoteAt(2, 0, [70, 1], [71, 2]), quoteAt(3, 0, [70, 1]))
    expect(rig.finish().filter((line) => !line.startsWith('@'))).toEqual([
      '99|1|1|1401975000|70|3|2|NYSE|   I',
      '99|2|2|1401975000|70|3|2|NYSE|   I',
      '99|3|3|1401975000|70|71|1|2|0',
      '99|4|4|1401975000|70.5',
      '99|3|3|1401975000|70|71|1|2|0',
      '99|3|3|1401975000|70|-1|1|0|0',
    ])
    expect(rig.sampler.totals).toMatchObject({ changes: 6, ticksServed: 6, messagesServed: 6, linesOpened: 4 })
    expect(rig.sampler.openTickLines).toBe(4)
  })

  it('gets the quote it finds, and may leave out what changed in size alone', () => {
    const rig = new Rig(true)
    rig.play(quoteAt(0, 0, [70, 1], [71, 2]))
    const line = rig.openTicks(0, 1, 'BidAsk', true)
    rig.play(quoteAt(1, 0, [70, 5], [71, 2]), quoteAt(2, 0, [70.5, 5], [71, 2]))
    expect(rig.finish()).toEqual(['@0', '99|1|3|1401975000|70|71|1|2|0', '@0.002', '99|1|3|1401975000|70.5|71|5|2|0'])
    rig.sampler.closeTicks(line)
    expect(rig.sampler.totals).toMatchObject({ statesServed: 1, changes: 1, ticksServed: 2, linesClosed: 1 })
    expect(rig.sampler.openTickLines).toBe(0)
  })
})

describe('bars that are kept up to date', () => {
  it('go out with the next step, and not any more when they were closed while they waited', () => {
    const rig = new Rig(true)
    const listed = rig.book.listed(CONTRACTS[0] ?? expect.unreachable())
    const keep = (reqId: number) => {
      const options = { whatToShow: 'TRADES', seconds: 5, useRth: false, hours: listed.hours, untilUs: OPEN_US, dateOf: String }
      const bars = new BarLine(reqId, listed, barSeries(options) ?? expect.unreachable(), OPEN_US - 1, rig.recorder)
      rig.sampler.openBars(bars)
      return bars
    }
    const kept = keep(1)
    const closed = keep(2)
    rig.play({ ...tradeAt(1, 0, 70, 3), conditions: '' })
    expect([kept.isPending, closed.isPending]).toEqual([true, true])
    rig.sampler.closeBars(closed)
    const sent = rig.finish()
    expect(sent.filter((line) => line.startsWith('@'))).toEqual(['@250'])
    expect(sent.filter((line) => line.startsWith('90|')).map((line) => line.split('|')[1])).toEqual(['1'])
  })
})
