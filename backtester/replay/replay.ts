/**
 * The replay loop: records in recorded order, the clock set from each before it is handed out, paced by monotonic wall time.
 * Strategies, rules and detectors hang on this loop.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { FeedError } from '../../market/errors.ts'
import type { RecordListener, RecordSource } from '../../market/record-source.ts'
import { isTick, type Tick } from '../../market/tick.ts'
import type { ReplayClock } from './clock.ts'

export interface ReplayOptions {
  source: RecordSource
  clock: ReplayClock
  /** Tape seconds per second, or as fast as the consumer takes them. */
  speed: number | 'max'
  onRecord: RecordListener
  /** After every chunk: a chance to wait for a slow consumer. */
  onChunk?: () => Promise<void> | void
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
  /** That have ticks. */
  instruments: number
  /** Of the ticks. */
  firstTsUs: number | undefined
  lastTsUs: number | undefined
  /** Wall time the replay took. */
  seconds: number
}

/** Records due within this time are handed out without sleeping: timers are no finer. */
const TIMER_MS = 2

/**
 * Runs the whole replay, or until the signal aborts. What comes before the first tick is handed out at once: it may be hours older.
 *
 * @throws FeedError when the source cannot be read or is not in order
 */
export async function replay({ source, clock, speed, onRecord, onChunk, signal }: ReplayOptions): Promise<ReplaySummary> {
  const startedMs = performance.now()
  const count = new TickCount()
  let lastTsUs = Number.NEGATIVE_INFINITY
  const summary = () => count.summary((performance.now() - startedMs) / 1000)

  for await (const { sessionId, records } of source.records()) {
    for (const record of records) {
      if (signal?.aborted) return summary()
      const { tsUs } = record
      if (tsUs < lastTsUs)
        throw new FeedError(`${source.name} is not in order: a record of ${tsUs} follows one of ${lastTsUs} (microseconds since 1970).`, {
          code: 'replay-unordered',
        })
      lastTsUs = tsUs
      if (speed !== 'max' && count.firstTsUs !== undefined) {
        const waitMs = startedMs + (tsUs - count.firstTsUs) / 1000 / speed - performance.now()
        if (waitMs > TIMER_MS) await sleep(waitMs, undefined, signal && { signal }).catch(() => undefined)
        if (signal?.aborted) return summary()
      }
      if (isTick(record)) count.add(record)
      clock.set(tsUs)
      onRecord(record, sessionId)
    }
    await onChunk?.()
  }
  return summary()
}

class TickCount {
  firstTsUs: number | undefined
  #lastTsUs: number | undefined
  #flagged = 0
  #quarantined = 0
  readonly #instruments = new Set<number>()
  readonly #byKind = { quote: 0, trade: 0, greeks: 0, statistic: 0 }

  add({ kind, tsUs, instrument, verdict }: Tick): void {
    this.firstTsUs ??= tsUs
    this.#lastTsUs = tsUs
    this.#instruments.add(instrument)
    this.#byKind[kind]++
    if (verdict?.disposition === 'flag') this.#flagged++
    else if (verdict) this.#quarantined++
  }

  summary(seconds: number): ReplaySummary {
    const { quote, trade, greeks, statistic } = this.#byKind
    return {
      ticks: quote + trade + greeks + statistic,
      quotes: quote,
      trades: trade,
      greeks,
      statistics: statistic,
      flagged: this.#flagged,
      quarantined: this.#quarantined,
      instruments: this.#instruments.size,
      firstTsUs: this.firstTsUs,
      lastTsUs: this.#lastTsUs,
      seconds,
    }
  }
}
