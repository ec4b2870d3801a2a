/** Threads that run trials. One whose strategy loops or ends it is replaced, and only its trial fails. */

import { availableParallelism } from 'node:os'

import { Piscina } from 'piscina'

import { messageOf, TapedeckError } from '../../market/errors.ts'
import { summarise } from '../metrics/summary.ts'
import { ROOM, watchBeat } from '../run/guarded-run.ts'
import { failedResult } from '../run/run.ts'
import type { OpenExperiment } from './open-experiment.ts'
import type { Trial } from './trial.ts'
import type { TrialBase, TrialReport, TrialTask } from './trial-worker.ts'

export interface TrialPoolOptions {
  /** Threads. */
  workers: number
  /** So long a strategy may keep one chunk of data before it counts as looping. */
  deadlineMs: number
  /** Keeps orders, fills, equity and events too. */
  isWhole: boolean
}

/** A trial whose thread ended before it began it, as for what an earlier trial left running, is given to another thread so often. */
const STARTS = 100

/** One is left to the thread that stores. */
export const defaultWorkers = (): number => Math.max(1, availableParallelism() - 1)

export class TrialPool {
  readonly #experiment: OpenExperiment
  readonly #options: TrialPoolOptions
  readonly #base: TrialBase
  readonly #pool: Piscina<TrialTask, TrialReport>
  /** Aborted when there is no thread any more, and none can be started. */
  readonly #broken = new AbortController()
  #isClosed = false

  constructor(experiment: OpenExperiment, options: TrialPoolOptions) {
    const { plan, input, dataDir, codeVersion } = experiment
    const { strategy, cwd, arbitrage } = plan
    this.#experiment = experiment
    this.#options = options
    this.#base = { strategy, cwd, arbitrage, input, dataDir, codeVersion }
    const file = import.meta.url.endsWith('.ts') ? './trial-worker.ts' : './trial-worker.js'
    this.#pool = new Piscina({
      filename: new URL(file, import.meta.url).href,
      name: 'runTrial',
      minThreads: options.workers,
      maxThreads: options.workers,
      workerData: this.#base,
      resourceLimits: ROOM,
    })
    // A strategy that left something running ended its thread between two trials: the pool has replaced it.
    let cause: unknown
    this.#pool.on('error', (error) => void (cause = error))
    // One that ends is replaced at once, unless threads end before they are ready.
    this.#pool.on('workerDestroy', () =>
      setImmediate(() => {
        if (!this.#isClosed && this.#pool.threads.length === 0) this.#broken.abort(noThread(cause))
      }),
    )
  }

  /**
   * What came of a trial; a failure is a result too.
   *
   * @throws TapedeckError `export-stopped` when the signal aborts, `trial-threads` where no thread can be started
   */
  async run(trial: Trial, signal: AbortSignal): Promise<TrialReport> {
    for (let start = 1; start < STARTS; start++) {
      const report = await this.#runOnce(trial, signal)
      if (report) return report
    }
    return (await this.#runOnce(trial, signal)) ?? Promise.reject(noThread(undefined))
  }

  /** Undefined where its thread ended before it began. */
  async #runOnce({ params, settings }: Trial, signal: AbortSignal): Promise<TrialReport | undefined> {
    const { deadlineMs, isWhole } = this.#options
    const beat = new Int32Array(new SharedArrayBuffer(8))
    const startedMs = performance.now()
    const startedAt = new Date().toISOString()
    const end = new AbortController()
    const stop = () => end.abort(new TapedeckError('The experiment was stopped; what is stored stays.', { code: 'export-stopped' }))
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const breaks = () => end.abort(this.#broken.signal.reason)
    this.#broken.signal.addEventListener('abort', breaks, { once: true })
    if (this.#broken.signal.aborted) breaks()
    const unwatch = watchBeat(beat, deadlineMs, (error) => end.abort(error))
    try {
      return await this.#pool.run({ params, settings, startedAt, beat, isWhole }, { signal: end.signal })
    } catch (error) {
      if (signal.aborted || this.#broken.signal.aborted) throw end.signal.reason
      if (!end.signal.aborted && Atomics.load(beat, 1) === 0) return undefined
      const cause = end.signal.aborted ? end.signal.reason : endedThread(error)
      return this.#failed({ params, settings, startedAt }, cause, performance.now() - startedMs)
    } finally {
      unwatch()
      signal.removeEventListener('abort', stop)
      this.#broken.signal.removeEventListener('abort', breaks)
    }
  }

  #failed(given: Pick<TrialTask, 'params' | 'settings' | 'startedAt'>, error: unknown, durationMs: number): TrialReport {
    const { subject, source, input } = this.#experiment
    const result = {
      ...failedResult({ ...this.#base, ...given }, error, Math.round(durationMs)),
      strategy: { ...subject.strategy, source },
      dataset: input.dataset,
    }
    return { result, summary: summarise(result, { intervals: false }), isWhole: this.#options.isWhole }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pool.destroy()
  }
}

function noThread(cause: unknown): TapedeckError {
  const why = cause === undefined ? '' : `: ${messageOf(cause)}`
  const message = `No thread for trials could be started${why}. What is stored stays. Take fewer --workers if memory is short, then resume.`
  return new TapedeckError(message, { code: 'trial-threads', cause })
}

function endedThread(error: unknown): TapedeckError {
  return new TapedeckError(`The strategy ended its thread: ${messageOf(error)}.`, { code: 'strategy-exit', cause: error })
}
