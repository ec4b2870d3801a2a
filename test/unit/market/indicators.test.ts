/** The indicators against the reference series of Stock.Indicators, from the fixture and, where it is at hand, over the whole of them. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Bar } from '../../../market/bar.ts'
import { INDICATORS } from '../../../market/indicators/index.ts'
import type { Indicator } from '../../../market/indicators/indicator.ts'
import { RollingSum } from '../../../market/indicators/rolling-sum.ts'
import { packageRoot } from '../../../system/package-root.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../../support/data.ts'

type TestBar = Pick<Bar, 'open' | 'high' | 'low' | 'close' | 'volume'>
/** By column. */
type Columns = Record<string, (number | null)[]>

interface Case {
  indicator: () => Indicator<TestBar, unknown>
  /** The reference's column by the name of our field; '' is the value itself. */
  columns: Record<string, string>
}

const ofClose = <T>(indicator: Indicator<number, T>): Indicator<TestBar, T> => ({ next: ({ close }) => indicator.next(close) })

/** By the reference's file, with the settings that it was made with. */
const CASES: Record<string, Case> = {
  adx: { indicator: () => new INDICATORS.adx(14), columns: { plusDi: 'pdi', minusDi: 'mdi', dx: 'dx', adx: 'adx', adxr: 'adxr' } },
  atr: { indicator: () => new INDICATORS.atr(14), columns: { '': 'atr' } },
  bb: {
    indicator: () => ofClose(new INDICATORS.bollinger(20, 2)),
    columns: { middle: 'sma', upper: 'upperBand', lower: 'lowerBand', percentB: 'percentB', width: 'width' },
  },
  cci: { indicator: () => new INDICATORS.cci(20), columns: { '': 'cci' } },
  dema: { indicator: () => ofClose(new INDICATORS.dema(14)), columns: { '': 'dema' } },
  donchian: { indicator: () => new INDICATORS.donchian(20), columns: { upper: 'upperBand', middle: 'centerline', lower: 'lowerBand' } },
  ema: { indicator: () => ofClose(new INDICATORS.ema(20)), columns: { '': 'ema' } },
  hma: { indicator: () => ofClose(new INDICATORS.hma(14)), columns: { '': 'hma' } },
  keltner: {
    indicator: () => new INDICATORS.keltner({ period: 20, multiple: 2, rangePeriod: 10 }),
    columns: { upper: 'upperBand', middle: 'centerline', lower: 'lowerBand' },
  },
  macd: {
    indicator: () => ofClose(new INDICATORS.macd({ fast: 12, slow: 26, signal: 9 })),
    columns: { macd: 'macd', signal: 'signal', histogram: 'histogram' },
  },
  mfi: { indicator: () => new INDICATORS.mfi(14), columns: { '': 'mfi' } },
  obv: { indicator: () => new INDICATORS.obv(), columns: { '': 'obv' } },
  roc: { indicator: () => ofClose(new INDICATORS.roc(14)), columns: { momentum: 'momentum', roc: 'roc' } },
  rsi: { indicator: () => ofClose(new INDICATORS.rsi(14)), columns: { '': 'rsi' } },
  slope: {
    indicator: () => ofClose(new INDICATORS.slope(14)),
    columns: { slope: 'slope', intercept: 'intercept', deviation: 'stdDev', rSquared: 'rSquared' },
  },
  sma: { indicator: () => ofClose(new INDICATORS.sma(20)), columns: { '': 'sma' } },
  stdev: { indicator: () => ofClose(new INDICATORS.deviation(14)), columns: { mean: 'mean', deviation: 'stdDev', zScore: 'zScore' } },
  stoch: { indicator: () => new INDICATORS.stochastic({ period: 14, smooth: 3, signal: 3 }), columns: { k: 'k', d: 'd', j: 'j' } },
  supertrend: { indicator: () => new INDICATORS.supertrend(10, 3), columns: { value: 'superTrend' } },
  tema: { indicator: () => ofClose(new INDICATORS.tema(20)), columns: { '': 'tema' } },
  tr: { indicator: () => new INDICATORS.trueRange(), columns: { '': 'tr' } },
  ulcer: { indicator: () => ofClose(new INDICATORS.ulcer(14)), columns: { '': 'ui' } },
  vwap: { indicator: () => new INDICATORS.vwap(), columns: { '': 'vwap' } },
  willr: { indicator: () => new INDICATORS.williamsR(14), columns: { '': 'williamsR' } },
  wma: { indicator: () => ofClose(new INDICATORS.wma(14)), columns: { '': 'wma' } },
}

const fixture = JSON.parse(readFileSync(join(packageRoot(), 'test', 'fixtures', 'indicators', 'spy-120.json'), 'utf8')) as {
  bars: Record<keyof TestBar, number[]>
  expected: Record<string, Columns>
}

const fixtureBars = fixture.bars.close.map((_, index) => ({
  open: fixture.bars.open[index] ?? 0,
  high: fixture.bars.high[index] ?? 0,
  low: fixture.bars.low[index] ?? 0,
  close: fixture.bars.close[index] ?? 0,
  volume: fixture.bars.volume[index] ?? 0,
}))

/** The lines in which a series differs: by 1e-9 of the figure or of 1, or in whether there is a value at all. */
function differences(name: string, bars: readonly TestBar[], expected: Columns): string[] {
  const { indicator, columns } = CASES[name] ?? { indicator: () => new INDICATORS.obv(), columns: {} }
  const streaming = indicator()
  return bars.flatMap((bar, index) => {
    const value = streaming.next(bar)
    return Object.entries(columns).flatMap(([field, column]) => {
      const found = field === '' ? value : (value as Record<string, unknown> | undefined)?.[field]
      const wanted = expected[column]?.[index] ?? undefined
      const same =
        typeof found === 'number' && wanted !== undefined
          ? Math.abs(found - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted))
          : found === wanted
      return same ? [] : [`${column} of bar ${index}: expected ${wanted}, found ${String(found)}`]
    })
  })
}

describe('indicators', () => {
  it.each(Object.keys(CASES))('%s equals the reference on the first 120 bars', (name) => {
    const expected = fixture.expected[name] ?? {}
    expect(Object.values(CASES[name]?.columns ?? {}).filter((column) => !expected[column]?.some((value) => value !== null))).toEqual([])
    expect(differences(name, fixtureBars, expected)).toEqual([])
  })

  it.skipIf(!hasSharedData).each(Object.keys(CASES))(`%s equals the reference on all 502 bars${withSharedData}`, (name) => {
    const folder = join(SHARED_DATA, 'indicators')
    const [, ...lines] = readFileSync(join(folder, 'default.csv'), 'utf8').trim().split('\n')
    const bars = lines.map((line) => {
      const [open = 0, high = 0, low = 0, close = 0, volume = 0] = line.split(',').slice(1).map(Number)
      return { open, high, low, close, volume }
    })
    const rows = JSON.parse(readFileSync(join(folder, `${name}.standard.json`), 'utf8')) as Record<string, number | null>[]
    const columns = Object.values(CASES[name]?.columns ?? {})
    const expected = Object.fromEntries(columns.map((column) => [column, rows.map((row) => row[column] ?? null)]))
    expect(bars).toHaveLength(502)
    expect(differences(name, bars, expected)).toEqual([])
  })

  it('are all compared with the reference', () => {
    expect(Object.keys(INDICATORS)).toHaveLength(Object.keys(CASES).length)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuse a period of %s', (period) => {
    expect(() => new INDICATORS.sma(period)).toThrow(RangeError)
    expect(() => new INDICATORS.hma(period)).toThrow(RangeError)
    expect(() => new INDICATORS.roc(period)).toThrow(RangeError)
    expect(() => new INDICATORS.adx(period)).toThrow(RangeError)
  })

  it('keep their precision over a million values', () => {
    const sum = new RollingSum(20)
    let last: number | undefined
    for (let index = 0; index < 1_000_000; index++) last = sum.next(index % 2 === 0 ? 1e9 + 0.1 : 0.1)
    expect(last).toBeCloseTo(10 * (1e9 + 0.1) + 10 * 0.1, 5)
  })

  it('forget what is no number once it has left the window', () => {
    const sum = new RollingSum(3)
    for (const value of [1, Number.NaN, 2, 3]) sum.next(value)
    expect(sum.next(4)).toBe(9)
  })

  it('answer from what came so far alone: what follows changes nothing', () => {
    const bar = fc
      .record({ low: fc.integer({ min: 1, max: 500 }), range: fc.integer({ min: 0, max: 50 }), volume: fc.integer({ min: 0, max: 1000 }) })
      .map(({ low, range, volume }) => ({ open: low, low, high: low + range, close: low + range / 2, volume }))
    const names = Object.keys(CASES)
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(bar, { minLength: 1, maxLength: 60 }), fc.nat(60), (name, bars, cut) => {
        const one = CASES[name]?.indicator()
        const other = CASES[name]?.indicator()
        const values = bars.map((each) => JSON.stringify(one?.next(each)))
        const early = bars.slice(0, cut).map((each) => JSON.stringify(other?.next(each)))
        expect(early).toEqual(values.slice(0, cut))
      }),
    )
  })
})
