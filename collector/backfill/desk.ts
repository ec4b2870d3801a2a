/**
 * Sends requests for history one at a time or several at once: each waits for IB's limits, is noted, is sent, and is sent again as long as what
 * comes is no answer.
 *
 *   waits for the limits -> noted and sent -> answered | IB has no data | refused for good
 *   sent -> pacing violation, another session of the user has the data, no answer, the link was lost -> waits for the limits
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { FeedError, messageOf } from '../../market/errors.ts'
import { historyRefusalOf } from '../ib/history/refusal.ts'
import type { HistoryPacing, PacedRequest } from './pacing.ts'

/** Where requests are noted, so that none is lost track of when the process is killed. */
export interface RequestNotes {
  /** It is about to be sent. Returns its number. */
  asked(): Promise<number>
  /** It brought no answer. That of an answer is noted with what came of it. */
  ended(requestId: number, outcome: 'asked-again' | 'refused', reason: string): Promise<void>
}

/** What became of a request. */
export type Asked<T> =
  | { outcome: 'answered'; requestId: number; answer: T }
  /** Final, and to be noted with what came of it. */
  | { outcome: 'no-data'; requestId: number; reason: string }
  | { outcome: 'refused'; reason: string }

export interface DeskOptions {
  pacing: HistoryPacing
  stop: AbortSignal
  /** What is waited for has changed: see `waits`. */
  onWait?: (() => void) | undefined
}

/** How often a request is sent again that got no answer, and how long another session of the user may have the data. */
const MOST_SILENT = 3
const MOST_COMPETING = 15
const COMPETING_MS = 60_000
/** What waits looks again so often: a limit may become known only when an answer comes. */
const LOOK_AGAIN_MS = 250

export class HistoryDesk {
  readonly #options: DeskOptions
  readonly #waits = new Set<string>()
  #sent = 0
  #answers = 0
  #answersMs = 0

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** Requests that were sent, those that were sent again among them. */
  get sent(): number {
    return this.#sent
  }

  /** How long an answer takes; 0 before the first. */
  get answerMs(): number {
    return this.#answers === 0 ? 0 : this.#answersMs / this.#answers
  }

  /** Why nothing is asked just now. */
  get waits(): string | undefined {
    return [...this.#waits][0]
  }

  wait(what: string): void {
    this.#waits.add(what)
    this.#options.onWait?.()
  }

  waitedFor(what: string): void {
    this.#waits.delete(what)
  }

  /** @throws FeedError `gateway-lost` when it was stopped; what `send` throws that is no answer of the gateway; what the notes throw */
  async ask<T>(request: PacedRequest, notes: RequestNotes, send: () => Promise<T>): Promise<Asked<T>> {
    const tries = { silent: 0, competing: 0 }
    for (;;) {
      const { requestId, ended } = await this.#begin(request, notes)
      const sentMs = performance.now()
      this.#sent++
      try {
        const answer = await send().finally(() => ended(performance.now()))
        this.#answers++
        this.#answersMs += performance.now() - sentMs
        this.#options.pacing.answered()
        return { outcome: 'answered', requestId, answer }
      } catch (error) {
        const refusal = historyRefusalOf(error)
        if (refusal === undefined) throw error
        const reason = messageOf(error)
        if (refusal === 'no-data') return { outcome: 'no-data', requestId, reason }
        const isFinal =
          refusal === 'refused' ||
          refusal === 'unknown' ||
          (refusal === 'silent' && ++tries.silent >= MOST_SILENT) ||
          (refusal === 'competing' && ++tries.competing >= MOST_COMPETING)
        await notes.ended(requestId, isFinal ? 'refused' : 'asked-again', reason)
        if (isFinal) return { outcome: 'refused', reason }
        if (this.#options.stop.aborted) throw error
        if (refusal === 'pacing') this.#options.pacing.violated(performance.now())
        if (refusal === 'competing')
          await this.#during('another session of the user', () => sleep(COMPETING_MS, undefined, { signal: this.#options.stop }))
      }
    }
  }

  /** Waits until the request may be sent, and notes it. */
  async #begin(request: PacedRequest, notes: RequestNotes): Promise<{ requestId: number; ended: (nowMs: number) => void }> {
    const { pacing, stop, onWait } = this.#options
    await this.#during("IB's limits", async () => {
      for (let ms = pacing.waitMs(request, performance.now()); ms > 0; ms = pacing.waitMs(request, performance.now())) {
        if (stop.aborted) throw stopped()
        await sleep(Math.min(ms, LOOK_AGAIN_MS))
        onWait?.()
      }
    })
    if (stop.aborted) throw stopped()
    // Counted before anything else can happen: the next one to look at the limits finds it there.
    const ended = pacing.sent(request)
    return { requestId: await notes.asked(), ended }
  }

  async #during(what: string, wait: () => Promise<unknown>): Promise<void> {
    this.wait(what)
    try {
      await wait()
    } catch (error) {
      throw this.#options.stop.aborted ? stopped() : error
    } finally {
      this.waitedFor(what)
    }
  }
}

function stopped(): FeedError {
  return new FeedError('The backfill was stopped.', { code: 'gateway-lost', retryable: true })
}
