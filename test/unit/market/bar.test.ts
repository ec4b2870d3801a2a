import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { BarBuilder, barLength, barStart, parseBarLength, SECONDS_PER_DAY } from '../../../market/bar.ts'
import { createZone } from '../../../market/time.ts'

const zone = createZone('America/New_York')
const at = (text: string) => Date.parse(`${text}Z`) * 1000

describe('barStart', () => {
  it('counts intervals from midnight on the clocks of the zone', () => {
    const tsUs = at('2014-06-05T17:38:12.345')
    expect(barStart(tsUs, 1, zone)).toBe(at('2014-06-05T17:38:12'))
    expect(barStart(tsUs, 300, zone)).toBe(at('2014-06-05T17:35:00'))
    // 13:38 in New York: the fourth 4-hour interval began at 12:00.
    expect(barStart(tsUs, 14_400, zone)).toBe(at('2014-06-05T16:00:00'))
    expect(barStart(tsUs, SECONDS_PER_DAY, zone)).toBe(at('2014-06-05T04:00:00'))
    expect(barStart(at('2014-06-06T03:59:59'), SECONDS_PER_DAY, zone)).toBe(at('2014-06-05T04:00:00'))
  })

  it.each([0, 1.5, SECONDS_PER_DAY + 1])('has no bars of %d seconds', (seconds) => {
    expect(() => barStart(0, seconds, zone)).toThrow(RangeError)
  })
})

describe('the length of a bar', () => {
  it('is written in the largest unit that fits, and read again', () => {
    const lengths = ['1d', '4h', '1h', '5m', '1m', '90s', '1s']
    expect(lengths.map((text) => parseBarLength(text))).toEqual([86_400, 14_400, 3600, 300, 60, 90, 1])
    expect(lengths.map((text) => barLength(parseBarLength(text) ?? 0))).toEqual(lengths)
  })

  it.each(['', '0m', '2d', '25h', '1w', '1', 'd', '1.5h', '-1m'])('is not %j', (text) => {
    expect(parseBarLength(text)).toBeUndefined()
  })
})

describe('bars of trades', () => {
  it('have open, high, low, close, volume, average price and count; none where nothing was traded', () => {
    const builder = new BarBuilder(60, zone)
    builder.addTrade(at('2014-06-05T13:30:00'), 70, 100)
    builder.addTrade(at('2014-06-05T13:30:30'), 71, 100)
    builder.addTrade(at('2014-06-05T13:30:59.999'), 69, 200)
    builder.addTrade(at('2014-06-05T13:33:00'), 69.5, 0)
    expect(builder.bars).toEqual([
      { startUs: at('2014-06-05T13:30:00'), open: 70, high: 71, low: 69, close: 69, volume: 400, vwap: 69.75, trades: 3 },
      { startUs: at('2014-06-05T13:33:00'), open: 69.5, high: 69.5, low: 69.5, close: 69.5, volume: 0, vwap: undefined, trades: 1 },
    ])
  })

  it('add up to all that was traded, whatever the size of the bars', () => {
    const trade = fc.record({ afterMs: fc.nat({ max: 4_000_000 }), price: fc.integer({ min: 1, max: 9 }), size: fc.nat({ max: 5 }) })
    fc.assert(
      fc.property(
        fc.array(trade, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(1, 30, 60, 3600, SECONDS_PER_DAY),
        (trades, seconds) => {
          const builder = new BarBuilder(seconds, zone)
          let tsUs = at('2014-03-09T00:00:00')
          for (const { afterMs, price, size } of trades) {
            tsUs += afterMs * 1000
            builder.addTrade(tsUs, price, size)
          }
          const { bars } = builder
          const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
          expect(sum(bars.map(({ volume }) => volume))).toBe(sum(trades.map(({ size }) => size)))
          expect(sum(bars.map((bar) => bar.trades))).toBe(trades.length)
          expect(bars.every((bar, i) => bar.startUs > (bars[i - 1]?.startUs ?? 0))).toBe(true)
          expect(bars.every(({ low, open, close, high }) => low <= Math.min(open, close) && high >= Math.max(open, close))).toBe(true)
        },
      ),
    )
  })
})

describe('bars of a price', () => {
  it('open with the price that stood, except on another day', () => {
    const builder = new BarBuilder(60, zone)
    builder.addPrice(at('2014-06-05T13:30:00'), 70)
    builder.addPrice(at('2014-06-05T13:35:00.001'), 71)
    builder.addPrice(at('2014-06-06T13:30:00'), 72)
    expect(builder.bars.map(({ open, high, low, close }) => [open, high, low, close])).toEqual([
      [70, 70, 70, 70],
      [70, 71, 70, 71],
      [72, 72, 72, 72],
    ])
  })
})
