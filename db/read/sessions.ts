/** Which sessions a database holds, and from when to when. */

import type pg from 'pg'

import { FeedError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import { microseconds } from '../microseconds.ts'

/** `history`: ticks of one contract that were asked for later (docs/backfill.md). */
export type SessionKind = 'live' | 'history'

export interface RecordedSession {
  sessionId: number
  startedTsUs?: number
  endedTsUs?: number
  endedCause?: string
  clock?: string
  /** Counts the whole session, whatever the query. */
  acceptedTicks: number
  quarantinedTicks: number
}

export interface SessionBounds {
  sessionId: number
  kind: SessionKind
  /** Times of its first and last record of any kind. */
  firstTsUs: number
  lastTsUs: number
}

type Client = Pick<pg.ClientBase, 'query'>

const LATEST = `SELECT COALESCE(
  (SELECT max(session_id) FROM batches b WHERE first_ts IS NOT NULL
     AND NOT EXISTS (SELECT FROM sessions s WHERE s.session_id = b.session_id AND s.kind <> 'live')),
  (SELECT max(session_id) FROM batches WHERE first_ts IS NOT NULL))`

interface SessionRow {
  session_id: string
  started: string | null
  ended: string | null
  ended_cause: string | null
  clock: string | null
  accepted: string
  quarantined: string
  first: string | null
  last: string | null
}

/**
 * A session with the times of its first and last tick; when it has none, the last lies before the first.
 *
 * @param sessionId `latest`: the most recent session that has ticks; of those of history only where there is no other
 * @throws FeedError `no-session`, naming those there are
 */
export async function findSession(
  client: Client,
  sessionId: number | 'latest',
): Promise<RecordedSession & { firstTsUs: number; lastTsUs: number }> {
  const latest = sessionId === 'latest'
  const { rows } = await client.query<SessionRow>(
    `SELECT session_id, ${microseconds('started_ts')} AS started, ${microseconds('ended_ts')} AS ended, ended_cause, clock, accepted, quarantined,
       ${microseconds('first_ts')} AS first, ${microseconds('last_ts')} AS last
     FROM (SELECT session_id, sum(accepted_ticks) AS accepted, sum(quarantined_ticks) AS quarantined, min(first_ts) AS first_ts, max(last_ts) AS last_ts
       FROM batches WHERE session_id = ${latest ? `(${LATEST})` : '$1'} GROUP BY session_id) AS totals
     LEFT JOIN sessions USING (session_id)`,
    latest ? [] : [sessionId],
  )
  const [row] = rows
  if (!row) throw await noSuchSession(client, sessionId)
  return {
    sessionId: Number(row.session_id),
    ...(row.started !== null && { startedTsUs: Number(row.started) }),
    ...(row.ended !== null && { endedTsUs: Number(row.ended) }),
    ...(row.ended_cause !== null && { endedCause: row.ended_cause }),
    ...(row.clock !== null && { clock: row.clock }),
    acceptedTicks: Number(row.accepted),
    quarantinedTicks: Number(row.quarantined),
    firstTsUs: Number(row.first ?? 0),
    lastTsUs: Number(row.last ?? -1),
  }
}

async function noSuchSession(client: Client, sessionId: number | 'latest'): Promise<FeedError> {
  if (sessionId === 'latest') return noSession()
  const { rows } = await client.query<{ session_id: string }>(
    'SELECT DISTINCT session_id FROM batches WHERE first_ts IS NOT NULL ORDER BY session_id DESC LIMIT 10',
  )
  const known = rows.map(({ session_id }) => session_id).join(', ') || 'none'
  return new FeedError(`The database holds no session ${sessionId}. The latest sessions in it: ${known}.`, { code: 'no-session' })
}

function noSession(): FeedError {
  return new FeedError(
    'The database holds no recorded session. Record one with `tapedeck collect`, or check which database is read (--data-dir, DATABASE_URL).',
    { code: 'no-session' },
  )
}

export interface SessionsQuery {
  fromUs?: number | undefined
  toUs?: number | undefined
  symbols?: readonly string[] | undefined
  liveOnly?: boolean | undefined
}

/** Batches and control records are numbered in the order of their times, so that the first and the last of each are enough. */
const BOUNDS = `
SELECT session_id, kind, ${microseconds('first_ts')} AS first, ${microseconds('last_ts')} AS last
FROM (
  SELECT session_id, kind,
    LEAST(started_ts,
      (SELECT first_ts FROM batches b WHERE b.session_id = s.session_id AND first_ts IS NOT NULL ORDER BY batch_no LIMIT 1),
      (SELECT ts FROM control_records c WHERE c.session_id = s.session_id ORDER BY seq LIMIT 1)) AS first_ts,
    GREATEST(last_alive_ts, ended_ts,
      (SELECT last_ts FROM batches b WHERE b.session_id = s.session_id AND last_ts IS NOT NULL ORDER BY batch_no DESC LIMIT 1),
      (SELECT ts FROM control_records c WHERE c.session_id = s.session_id ORDER BY seq DESC LIMIT 1)) AS last_ts
  FROM sessions s
) AS bounded
WHERE first_ts < $2 AND last_ts >= $1 AND ($4 OR kind = 'live') AND ($3::text[] IS NULL OR EXISTS (
  SELECT FROM session_instruments si JOIN instruments USING (instrument_id) WHERE si.session_id = bounded.session_id AND symbol = ANY ($3)))
ORDER BY first_ts, session_id`

/**
 * The sessions with records from `fromUs` to before `toUs`, of these symbols if any are given; the one that began first in front.
 *
 * @param liveOnly leaves out ticks that were not recorded but asked for later
 * @throws FeedError `no-session` when the database holds none at all
 */
export async function findSessions(client: Client, { fromUs, toUs, symbols, liveOnly = false }: SessionsQuery): Promise<SessionBounds[]> {
  const time = (us: number | undefined, otherwise: string) => (us === undefined ? otherwise : isoFromUs(us))
  const { rows } = await client.query<{ session_id: string; kind: SessionKind; first: string; last: string }>(BOUNDS, [
    time(fromUs, '-infinity'),
    time(toUs, 'infinity'),
    symbols ?? null,
    !liveOnly,
  ])
  if (rows.length === 0 && (await client.query('SELECT FROM batches LIMIT 1')).rows.length === 0) throw noSession()
  return rows.map(({ session_id, kind, first, last }) => ({
    sessionId: Number(session_id),
    kind,
    firstTsUs: Number(first),
    lastTsUs: Number(last),
  }))
}
