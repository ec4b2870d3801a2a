/** Runs what is missing of an experiment, and stores each trial as it ends. */

import PQueue from 'p-queue'

import { nextTrials } from './next-trials.ts'
import type { OpenExperiment } from './open-experiment.ts'
import { type DoneTrial, type Trial, trialKey, type TrialOutcome } from './trial.ts'
import { TrialPool, type TrialPoolOptions } from './trial-pool.ts'
import type { TrialReport } from './trial-worker.ts'

/** Where outcomes are kept. */
export interface TrialStore {
  /** What is stored, by the keys of trials: the same map each time, with what has come since. */
  outcomes(): Promise<ReadonlyMap<string, TrialOutcome>>
  /** Returns what is stored of the trial then: the first outcome that was given for its key, by whomever. */
  store(trial: Trial, key: string, report: TrialReport): Promise<TrialOutcome>
}

export interface ExperimentProgress {
  /** Trials that are stored, of the stages that are known. */
  done: number
  total: number
  failed: number
  /** By what the trials of this run took. Undefined before the first has ended. */
  leftMs: number | undefined
}

export interface RunExperimentOptions extends TrialPoolOptions {
  store: TrialStore
  /** Ends it; what is stored stays. */
  signal: AbortSignal
  onProgress?: ((progress: ExperimentProgress) => void) | undefined
}

/** Reports that wait for the store: a slow one holds the trials back. */
const WAITING_REPORTS = 16

/**
 * Returns all trials, in the order of the plan.
 *
 * @throws TapedeckError `export-stopped` when the signal aborts; WriteError when the store fails
 */
export async function runExperiment(experiment: OpenExperiment, options: RunExperimentOptions): Promise<readonly DoneTrial[]> {
  const run = new ExperimentRun(experiment, options, await options.store.outcomes())
  try {
    return await run.toEnd()
  } finally {
    await run.close()
  }
}

class ExperimentRun {
  readonly #experiment: OpenExperiment
  readonly #options: RunExperimentOptions
  /** Of this run and those before. */
  readonly #outcomes: Map<string, TrialOutcome>
  readonly #pool: TrialPool
  readonly #writes = new PQueue({ concurrency: 1 })
  /** Aborted by the caller, or by the first failure. */
  readonly #halt = new AbortController()
  readonly #stop = () => this.#halt.abort()
  readonly #startedMs = performance.now()
  #failure: { error: unknown } | undefined
  /** In this run. */
  #ended = 0

  constructor(experiment: OpenExperiment, options: RunExperimentOptions, outcomes: ReadonlyMap<string, TrialOutcome>) {
    const { signal } = options
    this.#experiment = experiment
    this.#options = options
    this.#outcomes = new Map(outcomes)
    this.#pool = new TrialPool(experiment, options)
    signal.addEventListener('abort', this.#stop, { once: true })
    if (signal.aborted) this.#stop()
  }

  async toEnd(): Promise<readonly DoneTrial[]> {
    const { plan, search } = this.#experiment
    for (;;) {
      const { missing, done, total } = nextTrials(plan, search, (trial) => this.#doneOf(trial))
      const count = { done: done.length, total, failed: done.filter(({ status }) => status === 'failed').length }
      this.#report(count)
      if (missing.length === 0) return done
      await this.#runStage(missing, count)
    }
  }

  #keyOf(trial: Trial): string {
    return trialKey(trial, this.#experiment.subject)
  }

  #doneOf(trial: Trial): DoneTrial | undefined {
    const outcome = this.#outcomes.get(this.#keyOf(trial))
    return outcome && { ...outcome, trial }
  }

  async #runStage(missing: readonly Trial[], count: Count): Promise<void> {
    const left = missing.values()
    // One more than threads: the next trial waits in the pool, and no thread waits for it.
    const lanes = Array.from({ length: this.#options.workers + 1 }, () => this.#runSome(left, count))
    await Promise.all(lanes)
    await this.#writes.onIdle()
    if (this.#failure) throw this.#failure.error
  }

  async #runSome(left: Iterable<Trial>, count: Count): Promise<void> {
    try {
      for (const trial of left) {
        const report = await this.#pool.run(trial, this.#halt.signal)
        await this.#writes.onSizeLessThan(WAITING_REPORTS)
        void this.#writes.add(() => this.#store(trial, report, count))
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  async #store(trial: Trial, report: TrialReport, count: Count): Promise<void> {
    try {
      const key = this.#keyOf(trial)
      const outcome = await this.#options.store.store(trial, key, report)
      this.#outcomes.set(key, outcome)
      this.#ended++
      count.done++
      if (outcome.status === 'failed') count.failed++
      this.#report(count)
    } catch (error) {
      this.#writes.clear()
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#halt.abort()
  }

  #report(count: Count): void {
    const each = this.#ended > 0 ? (performance.now() - this.#startedMs) / this.#ended : undefined
    this.#options.onProgress?.({ ...count, leftMs: each === undefined ? undefined : each * (count.total - count.done) })
  }

  async close(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#stop)
    await this.#pool.close()
  }
}

type Count = Omit<ExperimentProgress, 'leftMs'>
