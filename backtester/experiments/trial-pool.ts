/** Threads that run trials. One whose strategy loops or ends it is replaced, and only its trial fails. */

import { availableParallelism } from 'node:os'

import { Piscina } from 'piscina'

import { messageOf, TapedeckError } from '../../market/errors.ts'
import { summarise } from '../metrics/summary.ts'
import { watchBeat } from '../run/guarded-run.ts'
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

/** One is left to the thread that stores. */
export const defaultWorkers = (): number => Math.max(1, availableParallelism() - 1)

export class TrialPool {
  readonly #experiment: OpenExperiment
  readonly #options: TrialPoolOptions
  readonly #base: TrialBase
  readonly #pool: Piscina<TrialTask, TrialReport>

  constructor(experiment: OpenExperiment, options: TrialPoolOptions) {
    const { plan, input, codeVersion } = experiment
    const { strategy, cwd, arbitrage } = plan
    this.#experiment = experiment
    this.#options = options
    this.#base = { strategy, cwd, arbitrage, input, codeVersion }
    const file = import.meta.url.endsWith('.ts') ? './trial-worker.ts' : './trial-worker.js'
    this.#pool = new Piscina({
      filename: new URL(file, import.meta.url).href,
      name: 'runTrial',
      minThreads: options.workers,
      maxThreads: options.workers,
      workerData: this.#base,
    })
    // A strategy that left something running ended its thread between two trials: the pool has replaced it.
    this.#pool.on('error', () => undefined)
  }

  /**
   * What came of a trial; a failure is a result too.
   *
   * @throws TapedeckError `export-stopped` when the signal aborts
   */
  async run({ params, settings }: Trial, signal: AbortSignal): Promise<TrialReport> {
    const { deadlineMs, isWhole } = this.#options
    const beat = new Int32Array(new SharedArrayBuffer(4))
    const startedMs = performance.now()
    const startedAt = new Date().toISOString()
    const end = new AbortController()
    const stop = () => end.abort(new TapedeckError('The experiment was stopped; what is stored stays.', { code: 'export-stopped' }))
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const unwatch = watchBeat(beat, deadlineMs, (error) => end.abort(error))
    try {
      return await this.#pool.run({ params, settings, startedAt, beat, isWhole }, { signal: end.signal })
    } catch (error) {
      if (signal.aborted) throw end.signal.reason
      const cause = end.signal.aborted ? end.signal.reason : endedThread(error)
      return this.#failed({ params, settings, startedAt }, cause, performance.now() - startedMs)
    } finally {
      unwatch()
      signal.removeEventListener('abort', stop)
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
    await this.#pool.destroy()
  }
}

function endedThread(error: unknown): TapedeckError {
  return new TapedeckError(`The strategy ended its thread: ${messageOf(error)}.`, { code: 'strategy-exit', cause: error })
}
