/** Sets of bars for tests: a market of invented prices, and what is done to it. */

import { SECONDS_PER_DAY } from '../../../../market/bar.ts'
import { type BarSet, barSet } from '../../../../market/bars/bar-set.ts'
import { checkBars } from '../../../../market/bars/check.ts'
import { type ActionOfDay, type BarSeries, dateOfDay } from '../../../../market/bars/series.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { seeded } from '../../../support/random.ts'

export interface TestBar {
  symbol: string
  date: string
  open: number
  high: number
  low: number
  close: number
  volume: number
}

export type TestActions = Readonly<Record<string, Readonly<Record<string, Partial<ActionOfDay>>>>>

const dayOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000

/** In any order. */
export function setOf(bars: readonly TestBar[], actions: TestActions = {}, calendar = 'XNYS', sessions = nyse, isDaily = true): BarSet {
  const bySymbol = new Map<string, TestBar[]>()
  for (const bar of bars) {
    const own = bySymbol.get(bar.symbol)
    if (own) own.push(bar)
    else bySymbol.set(bar.symbol, [bar])
  }
  const series = [...bySymbol].map(([symbol, unsorted], instrument): BarSeries => {
    const own = unsorted.toSorted((a, b) => (a.date < b.date ? -1 : 1))
    const column = (of: (bar: TestBar) => number) => Float64Array.from(own, of)
    return {
      instrument,
      symbol,
      day: Int32Array.from(own, ({ date }) => dayOf(date)),
      open: column(({ open }) => open),
      high: column(({ high }) => high),
      low: column(({ low }) => low),
      close: column(({ close }) => close),
      volume: column(({ volume }) => volume),
      actions: new Map(Object.entries(actions[symbol] ?? {}).map(([date, action]) => [dayOf(date), { dividend: 0, ratio: 1, ...action }])),
    }
  })
  return barSet(calendar, sessions, SECONDS_PER_DAY, series, isDaily)
}

/** What is found, a line each: `rule symbol from to: reason`. */
export function found(set: BarSet, isDaily = true): string[] {
  return checkBars(set, isDaily).map(({ rule, instrument, fromDay, toDay, reason }) => {
    const symbol = instrument === undefined ? 'all' : (set.series[instrument]?.symbol ?? '')
    return `${rule} ${symbol} ${dateOfDay(fromDay)}${toDay === fromDay ? '' : ` to ${dateOfDay(toDay)}`}: ${reason}`
  })
}

/** A market of so many instruments over the sessions of a quarter, with nothing wrong in it. */
export function healthyMarket(symbols = 20): TestBar[] {
  const random = seeded(11)
  const cents = (price: number) => Math.round(price * 100) / 100
  const bars: TestBar[] = []
  for (let number = 0; number < symbols; number++) {
    let close = 40 + 10 * number
    for (const { date } of nyse.sessions('2014-04-01', '2014-06-30')) {
      const open = cents(close * (0.99 + 0.02 * random()))
      close = cents(open * (0.98 + 0.04 * random()))
      const high = cents(Math.max(open, close) * (1 + 0.01 * random()))
      const low = cents(Math.min(open, close) * (1 - 0.01 * random()))
      bars.push({ symbol: `S${number}`, date, open, high, low, close, volume: Math.round(1e6 * (0.7 + 0.6 * random())) })
    }
  }
  return bars
}
