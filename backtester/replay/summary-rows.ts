/** The rows that the summaries of a replay and of an export share. */

import { isoFromUs } from '../../market/time.ts'

export function kindRows(
  summary: Record<'sessionId' | 'ticks' | 'quotes' | 'trades' | 'greeks' | 'statistics', number>,
): [string, string | number][] {
  return [
    ['Session', String(summary.sessionId)],
    ['Ticks', summary.ticks],
    ['Quotes', summary.quotes],
    ['Trades', summary.trades],
    ['Greeks', summary.greeks],
    ['Statistics', summary.statistics],
  ]
}

/** The times of the first and the last tick; `-` where there was none. */
export function timeRows({ firstTsUs, lastTsUs }: Record<'firstTsUs' | 'lastTsUs', number | undefined>): [string, string][] {
  const time = (tsUs: number | undefined) => (tsUs === undefined ? '-' : isoFromUs(tsUs))
  return [
    ['First', time(firstTsUs)],
    ['Last', time(lastTsUs)],
  ]
}
