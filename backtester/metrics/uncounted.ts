/**
 * A run without the time that does not count in it, as the embargo of a training: what lies behind such a time joins what lies before it, in time and
 * in equity, as if nothing had been won or lost between.
 */

import type { TradingCalendar } from '../../market/calendar/calendar.ts'
import { daysBetween } from '../../market/time.ts'
import type { EquityPoint } from '../run/equity-points.ts'
import type { RunRange, RunResult } from '../run/result.ts'
import type { Rows } from './rows.ts'

export type TimeSpan = NonNullable<RunRange['uncounted']>[number]

/** Figures of amounts that have no day, and so cannot be left out by days. */
export const UNDATED_FIGURES: readonly string[] = ['costs', 'income', 'costShare']

export function holdsDate({ fromUs, toUs }: TimeSpan, date: string, { zone }: TradingCalendar): boolean {
  return date >= zone.dateOf(fromUs) && date <= zone.dateOf(toUs - 1)
}

/** Days of the calendar that lie in the spans, between two dates, both included. */
export function uncountedDays(spans: readonly TimeSpan[], [first, last]: readonly [string, string], { zone }: TradingCalendar): number {
  return spans.reduce((days, { fromUs, toUs }) => {
    const from = [zone.dateOf(fromUs), first].sort().at(-1) ?? first
    const [to = last] = [zone.dateOf(toUs - 1), last].sort()
    return days + Math.max(0, daysBetween(from, to) + 1)
  }, 0)
}

/** Its equity joined, and of its orders and fills those of the time that counts. The run itself where all of it counts. */
export function countedPart(result: RunResult, spans: readonly TimeSpan[], calendar: TradingCalendar): RunResult {
  if (spans.length === 0) return result
  const isIn = (tsUs: number) => spans.some(({ fromUs, toUs }) => tsUs >= fromUs && tsUs < toUs)
  // Midnight belongs to the day that it ends, as in the values of the days.
  const isUncounted = ({ tsUs }: EquityPoint) => spans.some((span) => holdsDate(span, calendar.zone.dateOf(tsUs - 1), calendar))
  return {
    ...result,
    equity: joined(result.equity, isUncounted, result.settings.cash),
    orders: result.orders.filter(({ givenUs }) => !isIn(givenUs)),
    fills: result.fills.filter(({ tsUs }) => !isIn(tsUs)),
  }
}

function joined(points: Rows<EquityPoint>, isUncounted: (point: EquityPoint) => boolean, start: number): EquityPoint[] {
  const kept: EquityPoint[] = []
  let before = { tsUs: points.at(0)?.tsUs ?? 0, equity: start }
  let left: EquityPoint | undefined
  let [scale, lessUs] = [1, 0]
  for (const point of points) {
    if (isUncounted(point)) {
      left = point
      continue
    }
    if (left) {
      if (left.equity > 0) scale *= before.equity / left.equity
      lessUs += left.tsUs - before.tsUs
      left = undefined
    }
    before = point
    const { tsUs, cash, equity, exposure } = point
    kept.push({ tsUs: tsUs - lessUs, cash: cash * scale, equity: equity * scale, exposure: exposure * scale })
  }
  return kept
}
