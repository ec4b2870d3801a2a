/** Recorded sessions as one stream of records: one of them, or all of a time, merged. */

import { FeedError } from '../../market/errors.ts'
import type { RecordSource, TimeRange } from '../../market/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { databaseName } from '../connection-config.ts'
import { mergeSessions, type SessionStream } from './merge-sessions.ts'
import { findSession, findSessions, type RecordedSession, type SessionBounds } from './sessions.ts'
import { withReader } from './table-streams.ts'
import { openTapeReader, type TapeQuery } from './tape-reader.ts'

export type RecordQuery = Omit<TapeQuery, 'sessionId'> & {
  /** `all`: every session with records from `fromUs` to before `toUs`. */
  sessionId: number | 'latest' | 'all'
  /** Of `all`: without ticks that were not recorded but asked for later. */
  liveOnly?: boolean | undefined
}

export interface DatabaseSource extends RecordSource {
  /** Which are read, the one that began first in front. */
  readonly sessions: readonly RecordedSession[]
}

/**
 * Finds the sessions; records are read when they are asked for, each session as of the moment at which its first record is due. An
 * instrument has the same number in all of them. With `symbols`, sessions without any of these are left out.
 *
 * @throws FeedError when there is no such session or symbol, or the database cannot be read
 */
export async function openRecordSource({ url }: { url: string }, query: RecordQuery): Promise<DatabaseSource> {
  const { sessionId } = query
  if (sessionId !== 'all') {
    const reader = await openTapeReader({ url }, { ...query, sessionId })
    const { session } = reader
    return {
      name: `session ${session.sessionId} of ${databaseName(url)}`,
      sessions: [session],
      records: (within) => {
        const part = within && { ...query, ...bounded(query, within), sessionId: session.sessionId }
        const open = async () => (part ? await openTapeReader({ url }, part) : reader).records()
        return mergeSessions([{ sessionId: session.sessionId, firstTsUs: 0, open }])
      },
    }
  }
  const found = await withReader(url, async (client) => {
    const sessions: (RecordedSession & { bounds: SessionBounds })[] = []
    for (const bounds of await findSessions(client, query)) {
      const { firstTsUs: _first, lastTsUs: _last, ...session } = await findSession(client, bounds.sessionId)
      sessions.push({ ...session, bounds })
    }
    return sessions
  })
  if (found.length === 0)
    throw new FeedError(
      `The database holds no session of that time${query.symbols ? ` with ${query.symbols.join(', ')}` : ''}. Ask for another time or other symbols.`,
      { code: 'no-session' },
    )
  const streams = found.map(({ bounds }) => streamOf(url, query, bounds))
  return {
    name: `${found.length} sessions of ${databaseName(url)}`,
    sessions: found.map(({ bounds: _bounds, ...session }) => session),
    records: () => mergeSessions(streams),
  }
}

/** Of the query's time, what lies within that range. */
function bounded({ fromUs = Number.NEGATIVE_INFINITY, toUs = Number.POSITIVE_INFINITY }: RecordQuery, within: TimeRange) {
  return { fromUs: Math.max(fromUs, within.fromTsUs), toUs: Math.min(toUs, within.toTsUs + 1) }
}

function streamOf(url: string, query: RecordQuery, { sessionId, kind, firstTsUs }: SessionBounds): SessionStream {
  return {
    sessionId,
    firstTsUs,
    open: async () => {
      const records = (await openTapeReader({ url }, { ...query, sessionId, skipUnknownSymbols: true })).records()
      return kind === 'history' ? withoutSession(records) : records
    },
  }
}

/** Beside recordings, the begin and the end of ticks that were asked for later are none of the market's: what stands would be forgotten at them. */
export async function* withoutSession(chunks: AsyncIterable<TapeRecord[]>): AsyncGenerator<TapeRecord[]> {
  for await (const records of chunks) {
    const kept = records.filter(({ kind }) => kind !== 'session')
    if (kept.length > 0) yield kept
  }
}
