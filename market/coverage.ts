/**
 * Coverage: of the trading time in which a contract was wanted, how much has data. Pure: the times are given, the hours are the calendar's.
 *
 * A contract was wanted while a line of it was held and while it is in a gap; time of a session of the market in which it was neither (no
 * collector ran, or it was not wanted) is not expected.
 */

import type { TradingCalendar } from './calendar/calendar.ts'

/** From `fromUs` on, up to `toUs`. */
export interface Span {
  fromUs: number
  toUs: number
}

export interface CausedSpan extends Span {
  cause: string
}

/** What is known of one contract. */
export interface ContractHistory {
  symbol: string
  held: readonly Span[]
  gaps: readonly CausedSpan[]
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

/** By date, then by symbol. Days and symbols of which nothing was expected are left out. */
export function coverageByDay(calendar: TradingCalendar, histories: readonly ContractHistory[], range: Span): DayCoverage[] {
  const zone = calendar.zone
  const days = calendar.sessions(zone.dateOf(range.fromUs), zone.dateOf(Math.max(range.fromUs, range.toUs - 1)))
  return days.flatMap(({ date, openUs, closeUs }) => {
    const hours = { fromUs: Math.max(openUs, range.fromUs), toUs: Math.min(closeUs, range.toUs) }
    const bySymbol = new Map<string, DayCoverage & { missing: Map<string, number> }>()
    for (const history of histories) {
      const expectedUs = lengthOf(union([...history.held, ...history.gaps], hours))
      if (expectedUs === 0) continue
      const { symbol } = history
      const none = { date, symbol, contracts: 0, expectedUs: 0, coveredUs: 0, causes: [], missing: new Map<string, number>() }
      const day = bySymbol.get(symbol) ?? none
      bySymbol.set(symbol, day)
      const missing = missingByCause(history.gaps, hours)
      day.contracts++
      day.expectedUs += expectedUs
      day.coveredUs += expectedUs
      for (const [cause, us] of missing) {
        day.coveredUs -= us
        day.missing.set(cause, (day.missing.get(cause) ?? 0) + us)
      }
    }
    const sorted = [...bySymbol.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))
    return sorted.map(({ missing, ...day }) => ({
      ...day,
      causes: [...missing].map(([cause, us]) => ({ cause, us })).sort((a, b) => b.us - a.us),
    }))
  })
}

/** What each cause takes of these hours. */
function missingByCause(gaps: readonly CausedSpan[], hours: Span): Map<string, number> {
  const missing = new Map<string, number>()
  let reachedUs = hours.fromUs
  for (const { fromUs, toUs, cause } of [...gaps].sort((a, b) => a.fromUs - b.fromUs)) {
    const us = Math.min(toUs, hours.toUs) - Math.max(fromUs, reachedUs)
    if (us <= 0) continue
    missing.set(cause, (missing.get(cause) ?? 0) + us)
    reachedUs = Math.min(toUs, hours.toUs)
  }
  return missing
}

/** What the spans cover of `within`, without overlaps, in order. */
function union(spans: readonly Span[], within: Span): Span[] {
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

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)
}
