/**
 * The bars of one length of all instruments of a market, with what only all of them together show: which days are copies of other days,
 * how far the market moved overnight, how many instruments have a bar.
 */

import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import { TapedeckError } from '../errors.ts'
import { type BarSeries, dateOfDay, median, samePrices } from './series.ts'

/** A date on which there are bars. */
export interface BarDay {
  day: number
  bars: number
  /** Units traded, of all bars together. */
  volume: number
  /** What the calendar says; undefined where it does not know the year. */
  isSession: boolean | undefined
  /** The earlier day of which nearly all bars of this one are copies. */
  copyOf: number | undefined
  copies: number
  /** Close of the day before to open, as a median ratio over the instruments; 1 where they are too few to say. */
  overnight: number
}

export interface BarSet {
  /** Code of the market. */
  calendar: string
  sessions: TradingCalendar
  seconds: number
  series: readonly BarSeries[]
  /** By date. */
  days: readonly BarDay[]
  dayOf: ReadonlyMap<number, BarDay>
  /** The days that are no copies, by date. */
  ownDays: readonly BarDay[]
  /** Positions of the bars of a series that are on no copied day. */
  ownBars: (series: BarSeries) => Int32Array
}

/** Nearly all bars of a day: a few symbols may have been corrected. */
const COPIED_SHARE = 0.9
/** Fewer equal bars can be chance, or one symbol's fault. */
const COPIED_SYMBOLS = 3
/** Fewer say little of the market. */
const MARKET_SYMBOLS = 10

export function barSet(
  calendar: string,
  sessions: TradingCalendar,
  seconds: number,
  series: readonly BarSeries[],
  isDaily: boolean,
): BarSet {
  const days = countDays(series, sessions)
  const dayOf = new Map(days.map((day) => [day.day, day]))
  if (isDaily) findCopies(series, dayOf)
  const ownDays = days.filter(({ copyOf }) => copyOf === undefined)
  const known = new Map<BarSeries, Int32Array>()
  const ownBars = (one: BarSeries) => {
    const positions = known.get(one) ?? Int32Array.from(one.day.keys()).filter((at) => dayOf.get(one.day[at] ?? 0)?.copyOf === undefined)
    known.set(one, positions)
    return positions
  }
  if (isDaily) findOvernightMoves(series, ownDays, dayOf, ownBars)
  return { calendar, sessions, seconds, series, days, dayOf, ownDays, ownBars }
}

function countDays(series: readonly BarSeries[], sessions: TradingCalendar): BarDay[] {
  const found = new Map<number, BarDay>()
  for (const one of series)
    for (const [at, day] of one.day.entries()) {
      let figures = found.get(day)
      if (!figures) {
        figures = { day, bars: 0, volume: 0, isSession: isSession(sessions, day), copyOf: undefined, copies: 0, overnight: 1 }
        found.set(day, figures)
      }
      figures.bars++
      const volume = one.volume[at] ?? Number.NaN
      if (volume > 0) figures.volume += volume
    }
  return [...found.values()].sort((a, b) => a.day - b.day)
}

function isSession(sessions: TradingCalendar, day: number): boolean | undefined {
  try {
    return sessions.isSession(dateOfDay(day))
  } catch (error) {
    // A year that the calendar does not know.
    if (error instanceof TapedeckError) return undefined
    throw error
  }
}

/** A bar is a copy of an earlier one of its instrument when all prices and the volume are equal. */
function findCopies(series: readonly BarSeries[], dayOf: ReadonlyMap<number, BarDay>): void {
  const copies = new Map<number, Map<number, number>>()
  for (const one of series) {
    const latest = new Map<number, number>()
    for (const [at, day] of one.day.entries()) {
      const key = keyOf(one, at)
      if (key === undefined) continue
      const before = latest.get(key)
      latest.set(key, at)
      if (before === undefined || one.volume[before] !== one.volume[at] || !samePrices(one, before, at)) continue
      const sources = copies.get(day) ?? new Map<number, number>()
      copies.set(day, sources)
      const source = one.day[before] ?? 0
      sources.set(source, (sources.get(source) ?? 0) + 1)
    }
  }
  for (const [day, sources] of copies) {
    const figures = dayOf.get(day)
    const [source, count] = [...sources].reduce((most, other) => (other[1] > most[1] ? other : most), [0, 0])
    if (!figures || count < COPIED_SYMBOLS || count < COPIED_SHARE * figures.bars) continue
    figures.copyOf = source
    figures.copies = count
  }
}

/** A number that equal bars share, and hardly any others; undefined where nothing was traded. */
function keyOf({ open, high, low, close, volume }: BarSeries, at: number): number | undefined {
  const units = volume[at] ?? Number.NaN
  if (!(units > 0)) return undefined
  return units + (close[at] ?? 0) * 7.3 + (open[at] ?? 0) * 0.37 + (high[at] ?? 0) * 0.0191 + (low[at] ?? 0) * 0.00103
}

function findOvernightMoves(
  series: readonly BarSeries[],
  ownDays: readonly BarDay[],
  dayOf: ReadonlyMap<number, BarDay>,
  ownBars: BarSet['ownBars'],
): void {
  const before = new Map(ownDays.map(({ day }, index) => [day, ownDays[index - 1]?.day]))
  const moves = new Map<number, number[]>()
  for (const one of series) {
    const own = ownBars(one)
    for (let index = 1; index < own.length; index++) {
      const [a = 0, b = 0] = [own[index - 1], own[index]]
      const day = one.day[b] ?? 0
      const move = (one.open[b] ?? 0) / (one.close[a] ?? 0)
      if (before.get(day) !== one.day[a] || !(move > 0 && move < Number.POSITIVE_INFINITY)) continue
      const list = moves.get(day)
      if (list) list.push(move)
      else moves.set(day, [move])
    }
  }
  for (const [day, list] of moves) {
    const figures = dayOf.get(day)
    if (figures && list.length >= MARKET_SYMBOLS) figures.overnight = median(list) ?? 1
  }
}
