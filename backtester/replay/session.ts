/** Replays a recorded session out of the database: the entry behind `tapedeck replay`. */

import { openTapeReader, type TapeQuery } from '../../db/read/tape-reader.ts'
import { contractKey } from '../../market/contract.ts'
import { alignColumns } from '../../system/text-table.ts'
import { isoFromUs } from '../../market/time.ts'
import { createReplayClock } from './clock.ts'
import { type ReplaySummary, replay } from './replay.ts'
import { kindRows, timeRows } from './summary-rows.ts'

export interface ReplaySessionOptions {
  url: string
  query: TapeQuery
  speed: number | 'max'
  /** Given: every tick is written as a line of JSON. Returns a promise when the writer wants a pause. */
  writeLine?: ((text: string) => Promise<void> | undefined) | undefined
  /** Called with the time and number of the ticks so far, a few times a second. */
  onProgress?: ((tsUs: number, ticks: number) => void) | undefined
  signal: AbortSignal
}

const PROGRESS_MS = 250

export type SessionSummary = ReplaySummary & { sessionId: number }

/** Throws a FeedError when there is no such session. */
export async function replaySession(options: ReplaySessionOptions): Promise<SessionSummary> {
  const { url, query, speed, writeLine, onProgress, signal } = options
  const reader = await openTapeReader({ url }, query)
  const clock = createReplayClock()
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
      ticks: reader.ticks(),
      clock,
      speed,
      signal,
      onTick: (tick) => {
        ticks++
        if (!writeLine) return
        const contract = reader.contracts.get(tick.instrument)
        lines += `${JSON.stringify({ ...tick, ts: isoFromUs(clock.nowUs()), contract: contract && contractKey(contract) })}\n`
        // A paced tick is shown at its moment, not at that of the last one of its chunk.
        if (speed !== 'max') void write()
      },
      // A reader who has stopped reading must not keep us from stopping.
      onChunk: () => Promise.race([write(), stopped]),
    })
    return { sessionId: reader.session.sessionId, ...summary }
  } finally {
    clearInterval(ticker)
  }
}

export function formatReplayProgress(tsUs: number, ticks: number): string {
  return `${isoFromUs(tsUs).slice(0, 19)}Z ticks ${ticks.toLocaleString('en-US')}`
}

export function formatReplaySummary(summary: SessionSummary): string {
  const { ticks, seconds } = summary
  return alignColumns([
    ...kindRows(summary),
    ['Flagged', summary.flagged],
    ['Quarantined', summary.quarantined],
    ['Instruments', summary.instruments],
    ...timeRows(summary),
    ['Ticks/s', Math.round(ticks / seconds)],
  ])
}
