/** The rows that the summaries of a replay and of an export share. */

import { isoFromUs } from '../../market/time.ts'

/** What was read: its number when it was one session, and how many there were. */
export interface SessionsRead {
  sessionId?: number
  sessions: number
}

export function sessionsRead(sessions: readonly { sessionId: number }[]): SessionsRead {
  const [first, second] = sessions
  return { ...(first && !second && { sessionId: first.sessionId }), sessions: sessions.length }
}

export function kindRows(
  summary: SessionsRead & Record<'ticks' | 'quotes' | 'trades' | 'greeks' | 'statistics', number>,
): [string, string | number][] {
  return [
    summary.sessionId === undefined ? ['Sessions', summary.sessions] : ['Session', String(summary.sessionId)],
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
