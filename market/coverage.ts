/**
 * Coverage: of the trading time in which a contract was wanted, how much has data. Pure: the times and the hours are given.
 *
 * A contract was wanted while a line of it was held and while it is in a gap; time of a session of the market in which it was neither (no
 * collector ran, or it was not wanted) is not expected. Costs one pass over each contract's spans, and one over its days.
 */

import type { TradingCalendar } from './calendar/calendar.ts'
import { addDays } from './time.ts'

/** From `fromUs` on, up to `toUs`. */
export interface Span {
  fromUs: number
  toUs: number
}

export interface CausedSpan extends Span {
  cause: string
}

/** From `openUs` on, up to `closeUs`. */
export interface Hours {
  openUs: number
  closeUs: number
}

/** What is known of one contract. */
export interface ContractHistory {
  symbol: string
  held: readonly Span[]
  gaps: readonly CausedSpan[]
  /** When data of it is expected on a date; absent: in the sessions of the calendar. */
  hoursOn?: (date: string) => readonly Hours[]
}

/** Of all contracts of a symbol on one trading day; times are summed over its contracts. */
export interface DayCoverage {
  date: string
  symbol: string
  contracts: number
  expectedUs: number
  coveredUs: number
  /** What is missing, by cause: the most first. Where gaps overlap, the earlier one counts. */
  causes: { cause: string; us: number }[]
}

type Day = Omit<DayCoverage, 'causes'> & { missing: Map<string, number> }

/** By date, then by symbol. Days and symbols of which nothing was expected are left out. */
export function coverageByDay(calendar: TradingCalendar, histories: readonly ContractHistory[], range: Span): DayCoverage[] {
  const days = new Map<string, Day>()
  const exchange = (date: string) => [calendar.session(date)].filter((session) => session !== undefined)
  for (const { symbol, held, gaps, hoursOn = exchange } of histories) {
    const wanted = union([...held, ...gaps], range)
    const missing = firstCauses(gaps)
    for (const date of datesOf(calendar, wanted)) {
      const hours = hoursOn(date).map(({ openUs, closeUs }) => ({
        fromUs: Math.max(openUs, range.fromUs),
        toUs: Math.min(closeUs, range.toUs),
      }))
      const expectedUs = hours.reduce((sum, within) => sum + lengthOf(inside(wanted, within)), 0)
      if (expectedUs === 0) continue
      const key = `${date} ${symbol}`
      const day = days.get(key) ?? { date, symbol, contracts: 0, expectedUs: 0, coveredUs: 0, missing: new Map<string, number>() }
      days.set(key, day)
      day.contracts++
      day.expectedUs += expectedUs
      day.coveredUs += expectedUs
      for (const within of hours) for (const span of inside(missing, within)) miss(day, span)
    }
  }
  const sorted = [...days.values()].sort((a, b) => compare(a.date, b.date) || compare(a.symbol, b.symbol))
  return sorted.map(({ missing, ...day }) => ({
    ...day,
    causes: [...missing].map(([cause, us]) => ({ cause, us })).sort((a, b) => b.us - a.us),
  }))
}

function miss(day: Day, { fromUs, toUs, cause }: CausedSpan): void {
  day.coveredUs -= toUs - fromUs
  day.missing.set(cause, (day.missing.get(cause) ?? 0) + toUs - fromUs)
}

/** The dates of these spans, and the ones beside them: elsewhere it may be another day. */
function datesOf({ zone }: TradingCalendar, spans: readonly Span[]): string[] {
  const [first, last] = [spans[0], spans.at(-1)]
  if (!first || !last) return []
  const dates = [addDays(zone.dateOf(first.fromUs), -1)]
  const end = addDays(zone.dateOf(last.toUs - 1), 1)
  for (let date = dates[0] as string; date < end; dates.push(date)) date = addDays(date, 1)
  return dates
}

/** The gaps without what an earlier one has of them, in order and apart. */
function firstCauses(gaps: readonly CausedSpan[]): CausedSpan[] {
  const spans: CausedSpan[] = []
  let reachedUs = Number.NEGATIVE_INFINITY
  for (const { fromUs, toUs, cause } of [...gaps].sort((a, b) => a.fromUs - b.fromUs)) {
    if (toUs <= Math.max(fromUs, reachedUs)) continue
    spans.push({ fromUs: Math.max(fromUs, reachedUs), toUs, cause })
    reachedUs = toUs
  }
  return spans
}

/** What the spans cover of `within`, in order and apart. */
export function union(spans: readonly Span[], within: Span): Span[] {
  const joined: Span[] = []
  for (const span of [...spans].sort((a, b) => a.fromUs - b.fromUs)) {
    const fromUs = Math.max(span.fromUs, within.fromUs)
    const toUs = Math.min(span.toUs, within.toUs)
    if (toUs <= fromUs) continue
    const last = joined.at(-1)
    if (last && fromUs <= last.toUs) last.toUs = Math.max(last.toUs, toUs)
    else joined.push({ fromUs, toUs })
  }
  return joined
}

/** What of `spans`, which are in order and apart, lies within. */
export function inside<T extends Span>(spans: readonly T[], within: Span): T[] {
  const found: T[] = []
  for (let i = firstEndingAfter(spans, within.fromUs); i < spans.length; i++) {
    const span = spans[i] as T
    const fromUs = Math.max(span.fromUs, within.fromUs)
    const toUs = Math.min(span.toUs, within.toUs)
    if (fromUs >= toUs) break
    found.push({ ...span, fromUs, toUs })
  }
  return found
}

function firstEndingAfter(spans: readonly Span[], us: number): number {
  let [low, high] = [0, spans.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle] as Span).toUs > us) high = middle
    else low = middle + 1
  }
  return low
}

const lengthOf = (spans: readonly Span[]) => spans.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
