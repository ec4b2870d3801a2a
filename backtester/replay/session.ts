/** Replays a recorded session out of the database: the entry behind `tapedeck replay`. */

import { openTapeReader, type TapeQuery } from '../../db/tape-reader.ts'
import { contractKey } from '../../market/contract.ts'
import { alignColumns } from '../../market/text-table.ts'
import { isoFromUs } from '../../market/time.ts'
import { createReplayClock } from './clock.ts'
import { type ReplaySummary, replay } from './replay.ts'

export interface ReplaySessionOptions {
  url: string
  query: TapeQuery
  speed: number | 'max'
  /** Given: every tick is written as a line of JSON. Returns a promise when the writer wants a pause. */
  writeLine?: ((text: string) => Promise<void> | undefined) | undefined
  signal: AbortSignal
}

export type SessionSummary = ReplaySummary & { sessionId: number }

/** Throws a FeedError when there is no such session. */
export async function replaySession(options: ReplaySessionOptions): Promise<SessionSummary> {
  const { url, query, speed, writeLine, signal } = options
  const reader = await openTapeReader({ url }, query)
  const clock = createReplayClock()
  let lines = ''
  const summary = await replay({
    ticks: reader.ticks(),
    clock,
    speed,
    signal,
    onTick: (tick) => {
      if (!writeLine) return
      const contract = reader.contracts.get(tick.instrument)
      lines += `${JSON.stringify({ ...tick, ts: isoFromUs(clock.nowUs()), contract: contract && contractKey(contract) })}\n`
    },
    onChunk: async () => {
      const text = lines
      lines = ''
      if (text && writeLine) await writeLine(text)
    },
  })
  return { sessionId: reader.session.sessionId, ...summary }
}

export function formatReplaySummary(summary: SessionSummary): string {
  const { sessionId, ticks, seconds, firstTsUs, lastTsUs } = summary
  const time = (tsUs: number | undefined) => (tsUs === undefined ? '-' : isoFromUs(tsUs))
  return alignColumns([
    ['Session', String(sessionId)],
    ['Ticks', ticks],
    ['Quotes', summary.quotes],
    ['Trades', summary.trades],
    ['Greeks', summary.greeks],
    ['Statistics', summary.statistics],
    ['Flagged', summary.flagged],
    ['Quarantined', summary.quarantined],
    ['Instruments', summary.instruments],
    ['First', time(firstTsUs)],
    ['Last', time(lastTsUs)],
    ['Ticks/s', Math.round(ticks / seconds)],
  ])
}
