/**
 * Intervals of which one session has a part and others have the rest, as on a day on which the collector was restarted: a bar of that part
 * must not pass for a bar of the whole.
 */

import type pg from 'pg'

import { barInterval, type Interval } from '../../market/bar.ts'
import { isoFromUs, type Zone } from '../../market/time.ts'
import { findSession } from '../read/sessions.ts'

/** The interval at an edge of the session, and the symbols of whose trades others have some in the part outside. */
interface CutInterval {
  startUs: number
  symbols: ReadonlySet<string>
}

const TRADED = `
SELECT symbol FROM instruments i
WHERE kind = 'stock' AND currency = 'USD' AND symbol = ANY ($1) AND EXISTS (
  SELECT FROM trades t WHERE t.instrument_id = i.instrument_id AND t.ts >= $2 AND t.ts < $3 AND t.session_id <> $4
    AND NOT 'initial' = ANY (string_to_array(COALESCE(t.marks, ''), ',')))`

/**
 * A session is one span of time, so only the interval in which it began and the one in which it ended can be cut. Trades that others have
 * within that span say nothing: another collector ran beside it.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function cutIntervals(
  client: Pick<pg.ClientBase, 'query'>,
  { sessionId, symbols, seconds, zone }: { sessionId: number; symbols: readonly string[]; seconds: number; zone: Zone },
): Promise<CutInterval[]> {
  const { firstTsUs, lastTsUs, startedTsUs = firstTsUs, endedTsUs = lastTsUs } = await findSession(client, sessionId)
  const beganUs = Math.min(startedTsUs, firstTsUs)
  const endedUs = Math.max(endedTsUs, lastTsUs) + 1
  const first = barInterval(beganUs, seconds, zone)
  const last = barInterval(endedUs - 1, seconds, zone)
  const outside: (Interval & { of: Interval })[] = [
    { of: first, startUs: first.startUs, endUs: beganUs },
    { of: last, startUs: endedUs, endUs: last.endUs },
  ]
  const cut: CutInterval[] = []
  for (const { of, startUs, endUs } of outside) {
    if (startUs >= endUs) continue
    const parameters = [symbols, isoFromUs(startUs), isoFromUs(endUs), sessionId]
    const { rows } = await client.query<{ symbol: string }>(TRADED, parameters)
    cut.push({ startUs: of.startUs, symbols: new Set(rows.map(({ symbol }) => symbol)) })
  }
  return cut
}
