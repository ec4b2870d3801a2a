/**
 * Since when data that did not come was to be expected: from the last that came, but not over hours in which none is expected. A market
 * that is closed is silent without anything being missing.
 */

import type { TradingCalendar } from '../../market/calendar/calendar.ts'
import { TapedeckError } from '../../market/errors.ts'
import { dataIsExpected } from '../telemetry/data-flow.ts'

/**
 * The begin of a gap that is noticed at `nowUs`.
 *
 * @param lastDataUs of the lines that it is of; 0 when there was none yet
 * @param provedUs the last sign of life of the gateway, which is as good as data while none is expected
 */
export function missingSinceUs(calendar: TradingCalendar, lastDataUs: number, provedUs: number, nowUs: number): number {
  if (lastDataUs === 0 || lastDataUs >= provedUs || !dataIsExpected(calendar, lastDataUs, nowUs)) return Math.max(provedUs, lastDataUs)
  const today = openUsOf(calendar, nowUs)
  // Nothing was expected before the session began.
  if (today !== undefined && lastDataUs < today && !dataIsExpected(calendar, lastDataUs, today - 1)) return Math.min(today, provedUs)
  return lastDataUs
}

/**
 * The same when nothing ever came.
 *
 * @param sinceUs from when on something could have come
 */
export function neverSinceUs(calendar: TradingCalendar, sinceUs: number, nowUs: number): number {
  return Math.max(sinceUs, openUsOf(calendar, nowUs) ?? sinceUs)
}

function openUsOf(calendar: TradingCalendar, nowUs: number): number | undefined {
  try {
    return calendar.isOpenAt(nowUs) ? calendar.session(calendar.zone.dateOf(nowUs))?.openUs : undefined
  } catch (error) {
    // A day that the calendar does not know.
    if (error instanceof TapedeckError) return undefined
    throw error
  }
}
