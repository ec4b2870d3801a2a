/** Replays recorded sessions out of the database: the entry behind `tapedeck replay`. */

import { openRecordSource, type RecordQuery } from '../../db/read/record-source.ts'
import { isTick } from '../../market/tick.ts'
import { createReplayClock } from './clock.ts'
import { createLineFormat } from './export-format.ts'
import { type ReplaySummary, replay } from './replay.ts'
import { type SessionsRead, sessionsRead } from './sessions-read.ts'

export interface ReplaySessionOptions {
  url: string
  query: RecordQuery
  speed: number | 'max'
  /** Given: every tick is written as a line of JSON, the same as an export's. Returns a promise when the writer wants a pause. */
  writeLine?: ((text: string) => Promise<void> | undefined) | undefined
  /** Called with the time and number of the ticks so far, a few times a second. */
  onProgress?: ((tsUs: number, ticks: number) => void) | undefined
  signal: AbortSignal
}

const PROGRESS_MS = 250

export type SessionSummary = ReplaySummary & SessionsRead

/** @throws FeedError when there is no such session, or it cannot be read */
export async function replaySession(options: ReplaySessionOptions): Promise<SessionSummary> {
  const { url, query, speed, writeLine, onProgress, signal } = options
  const source = await openRecordSource({ url }, query)
  const clock = createReplayClock()
  const format = createLineFormat('ndjson')
  let ticks = 0
  let lines = ''
  const write = () => {
    const text = lines
    lines = ''
    return text && writeLine ? writeLine(text) : undefined
  }
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const ticker = onProgress && setInterval(() => ticks > 0 && onProgress(clock.nowUs(), ticks), PROGRESS_MS)
  try {
    const summary = await replay({
      source,
      clock,
      speed,
      signal,
      onRecord: (record, sessionId) => {
        if (isTick(record)) ticks++
        if (!writeLine) return
        lines += format.line(record, sessionId)
        // A paced tick is shown at its moment, not at that of the last one of its chunk.
        if (speed !== 'max') void write()
      },
      // A reader who has stopped reading must not keep us from stopping.
      onChunk: () => Promise.race([write(), stopped]),
    })
    return { ...sessionsRead(source.sessions), ...summary }
  } finally {
    clearInterval(ticker)
  }
}
