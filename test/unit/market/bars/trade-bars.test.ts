/** Minute bars of real trades, beside those that another engine made of the same trades, regular hours and all others. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { describe, expect, it } from 'vitest'

import { TradeBars } from '../../../../market/bars/trade-bars.ts'
import { createZone } from '../../../../market/time.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../../../support/data.ts'

const zone = createZone('America/New_York')
const MIDNIGHT_US = zone.toUs('2013-10-07', 0)
const folder = join(SHARED_DATA, 'stock-ticks')

/** Open, high, low, close and volume by the milliseconds of the day at which the minute begins. */
type Minutes = Map<number, readonly number[]>

function ours(symbol: string): Minutes {
  const bars = new TradeBars(60, zone)
  for (const row of gunzipSync(readFileSync(join(folder, `${symbol}_20131007_trade_tick.csv.gz`)))
    .toString()
    .trim()
    .split('\n')) {
    const [ms, price, size, , conditions, suspicious] = row.split(',')
    if (suspicious === '1') continue
    bars.add({ tsUs: MIDNIGHT_US + Number(ms) * 1000, price: Number(price) / 10_000, size: Number(size), source: 'import', conditions })
  }
  return new Map(
    bars.bars().map(({ startUs, open, high, low, close, volume }) => [(startUs - MIDNIGHT_US) / 1000, [open, high, low, close, volume]]),
  )
}

function reference(symbol: string): Minutes {
  const rows = readFileSync(join(folder, `${symbol}_20131007_trade_1min_reference.csv`), 'utf8')
    .trim()
    .split('\n')
  return new Map(
    rows.map((row) => {
      const [ms = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = row.split(',').map(Number)
      return [ms, [open / 10_000, high / 10_000, low / 10_000, close / 10_000, volume]]
    }),
  )
}

/** Shares of the reference's minutes that are equal, in percent with one digit. */
function equal(symbol: string): { minutes: number; volume: number; prices: number } {
  const own = ours(symbol)
  const minutes = [...reference(symbol)]
  const share = (from: number, to: number) => {
    const same = minutes.filter(([ms, figures]) => String(own.get(ms)?.slice(from, to)) === String(figures.slice(from, to)))
    return Math.round((1000 * same.length) / minutes.length) / 10
  }
  return { minutes: minutes.length, volume: share(4, 5), prices: share(0, 4) }
}

describe.skipIf(!hasSharedData)(`minute bars of a day's trades${withSharedData}`, () => {
  it('of IBM have the volume of the reference in at least 98 % of all minutes, and its prices in at least 91 %', () => {
    const { minutes, volume, prices } = equal('ibm')
    expect(minutes).toBe(453)
    expect(volume).toBeGreaterThanOrEqual(98)
    expect(prices).toBeGreaterThanOrEqual(91)
  })

  it('are as equal as the documentation says', () => {
    const doc = readFileSync(join(import.meta.dirname, '../../../../docs/bars.md'), 'utf8')
    for (const symbol of ['ibm', 'aig']) {
      const { minutes, volume, prices } = equal(symbol)
      expect(doc).toContain(`| ${symbol.toUpperCase()} | ${minutes} | ${volume} % | ${prices} % |`)
    }
  })
})

describe('bars of trades', () => {
  it('count a trade that sets no price in volume, and take its price where no other trade of the minute sets one', () => {
    const bars = new TradeBars(60, zone)
    const trade = (second: number, price: number, size: number, conditions = '') =>
      bars.add({ tsUs: MIDNIGHT_US + second * 1_000_000, price, size, source: 'tick-by-tick', conditions })
    trade(0, 50, 10, ' I')
    trade(1, 51, 100)
    trade(2, 99, 5, 'W')
    trade(60, 52, 7, ' I')
    trade(61, 53, 7, ' I')
    expect(bars.bars().map(({ open, high, low, close, volume, trades }) => [open, high, low, close, volume, trades])).toEqual([
      [51, 51, 51, 51, 115, 3],
      [52, 53, 52, 53, 14, 2],
    ])
  })
})
