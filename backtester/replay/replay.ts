/**
 * The replay loop: ticks in recorded order, the clock set from each tick before it is handed out, paced by monotonic wall time.
 * Strategies, rules and detectors hang on this loop.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { FeedError } from '../../market/errors.ts'
import type { Tick } from '../../market/tick.ts'
import type { ReplayClock } from './clock.ts'

export interface ReplayOptions {
  ticks: AsyncIterable<Tick[]>
  clock: ReplayClock
  /** Tape seconds per second, or as fast as the consumer takes them. */
  speed: number | 'max'
  onTick: (tick: Tick) => void
  /** After every chunk: a chance to wait for a slow consumer. */
  onChunk?: (summary: ReplaySummary) => Promise<void> | void
  signal?: AbortSignal
}

export interface ReplaySummary {
  ticks: number
  quotes: number
  trades: number
  greeks: number
  statistics: number
  flagged: number
  quarantined: number
  instruments: number
  firstTsUs: number | undefined
  lastTsUs: number | undefined
  /** Wall time the replay took. */
  seconds: number
}

/** Ticks due within this time are handed out without sleeping: timers are no finer. */
const TIMER_MS = 2

/** Runs the whole replay, or until the signal aborts. Throws a FeedError when the source is not in order. */
export async function replay({ ticks, clock, speed, onTick, onChunk, signal }: ReplayOptions): Promise<ReplaySummary> {
  const startedMs = performance.now()
  const instruments = new Set<number>()
  const byKind = { quote: 0, trade: 0, greeks: 0, statistic: 0 }
  let flagged = 0
  let quarantined = 0
  let firstTsUs: number | undefined
  let lastTsUs: number | undefined

  const summary = (): ReplaySummary => ({
    ticks: byKind.quote + byKind.trade + byKind.greeks + byKind.statistic,
    quotes: byKind.quote,
    trades: byKind.trade,
    greeks: byKind.greeks,
    statistics: byKind.statistic,
    flagged,
    quarantined,
    instruments: instruments.size,
    firstTsUs,
    lastTsUs,
    seconds: (performance.now() - startedMs) / 1000,
  })

  for await (const chunk of ticks) {
    for (const tick of chunk) {
      if (signal?.aborted) return summary()
      const { tsUs } = tick
      if (lastTsUs !== undefined && tsUs < lastTsUs)
        throw new FeedError(`The source is not in order: a tick of ${tsUs} follows one of ${lastTsUs} (microseconds since 1970).`, {
          code: 'replay-unordered',
        })
      firstTsUs ??= tsUs
      if (speed !== 'max') {
        const waitMs = startedMs + (tsUs - firstTsUs) / 1000 / speed - performance.now()
        if (waitMs > TIMER_MS) await sleep(waitMs, undefined, signal && { signal }).catch(() => undefined)
        if (signal?.aborted) return summary()
      }
      lastTsUs = tsUs
      instruments.add(tick.instrument)
      byKind[tick.kind]++
      if (tick.verdict?.severity === 'flag') flagged++
      else if (tick.verdict) quarantined++
      clock.set(tsUs)
      onTick(tick)
    }
    await onChunk?.(summary())
  }
  return summary()
}
