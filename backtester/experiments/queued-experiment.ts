/** An experiment over several machines: one queues its trials, stage by stage; any number of others take them and store what came of them. */

import { setTimeout as delay } from 'node:timers/promises'

import { TapedeckError } from '../../market/errors.ts'
import { summarise } from '../metrics/summary.ts'
import { failedResult } from '../run/run.ts'
import { nextTrials, type NextTrials } from './next-trials.ts'
import type { OpenExperiment } from './open-experiment.ts'
import type { ExperimentProgress, TrialStore } from './run-experiment.ts'
import { type DoneTrial, type Trial, trialKey } from './trial.ts'
import { TrialPool, type TrialPoolOptions } from './trial-pool.ts'
import { type QueuedTrial, RENEWAL_MS, type TakenTrial, type TrialQueue } from './trial-queue.ts'
import type { TrialReport } from './trial-worker.ts'

const POLL_MS = 1000

interface QueueOptions {
  queue: TrialQueue
  store: TrialStore
  /** Ends it; what is stored stays. */
  signal: AbortSignal
}

export interface CoordinateOptions extends QueueOptions {
  onProgress?: ((progress: ExperimentProgress & { taken: number }) => void) | undefined
}

/**
 * Queues the trials of one stage after the other, as machines store what came of them. Returns all of them, in the order of the plan.
 *
 * @throws TapedeckError `export-stopped` when the signal aborts; what is queued then goes on. `experiment-removed` when its queue is gone
 */
export async function coordinate(experiment: OpenExperiment, options: CoordinateOptions): Promise<readonly DoneTrial[]> {
  const { queue, store, signal, onProgress } = options
  const { plan, search, subject } = experiment
  const queued = new Set<string>()
  const startedMs = performance.now()
  let atStart: number | undefined
  let next: NextTrials | undefined
  let keyed: readonly QueuedTrial[] = []
  let seen: number | undefined
  await queue.begin(plan.name)
  for (;;) {
    const { taken, lost } = await queue.look(plan.name)
    const outcomes = await store.outcomes()
    // With many trials it takes a second to see which are missing.
    if (!next || outcomes.size !== seen) {
      next = nextTrials(plan, search, (trial) => {
        const outcome = outcomes.get(trialKey(trial, subject))
        return outcome && { ...outcome, trial }
      })
      keyed = next.missing.map((trial) => ({ trial, key: trialKey(trial, subject) }))
      seen = outcomes.size
    }
    const { missing, done, total } = next
    atStart ??= done.length
    const each = done.length > atStart ? (performance.now() - startedMs) / (done.length - atStart) : undefined
    const failed = done.filter(({ status }) => status === 'failed').length
    const leftMs = each === undefined ? undefined : each * (total - done.length)
    onProgress?.({ done: done.length, total, failed, leftMs, taken })
    if (missing.length === 0) {
      await queue.remove(plan.name)
      return done
    }
    if (!(await queue.experiments()).includes(plan.name))
      throw new TapedeckError(`Experiment ${plan.name} was removed while it ran.`, { code: 'experiment-removed' })
    const fresh = keyed.filter(({ key }) => !queued.has(key))
    await queue.add(plan.name, fresh)
    for (const { key } of fresh) queued.add(key)
    for (const { trial, key } of keyed)
      if (lost.includes(key) && !fresh.some((one) => one.key === key)) await store.store(trial, key, lostReport(experiment, trial))
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted)
      throw new TapedeckError(
        `The trials that are queued go on where machines take them. Go on here with \`tapedeck experiment resume ${plan.name} --queue\`.`,
        {
          code: 'export-stopped',
        },
      )
  }
}

/** Of a trial that was taken again and again, and never came to an end. */
function lostReport({ plan, subject, source, input, codeVersion }: OpenExperiment, { params, settings }: Trial): TrialReport {
  const { strategy, cwd, arbitrage } = plan
  const error = new TapedeckError(
    'Each machine that took this trial was gone before it ended, as when memory runs out. Run it by itself to see why.',
    { code: 'trial-lost' },
  )
  const request = { strategy, cwd, arbitrage, input, codeVersion, params, settings, startedAt: new Date().toISOString() }
  const result = { ...failedResult(request, error, 0), strategy: { ...subject.strategy, source }, dataset: input.dataset }
  return { result, summary: summarise(result, { intervals: false }), isWhole: false }
}

export interface WorkOptions extends QueueOptions, TrialPoolOptions {
  /** Ends once no trial waits, though the experiment goes on: trials of others may wait. */
  leavesIdle?: boolean | undefined
  onStored?: ((failed: boolean) => void) | undefined
}

/** Takes trials until the experiment has no queue any more, none waits where it leaves then, or the signal aborts: what is not finished is given back. */
export async function workOn(experiment: OpenExperiment, options: WorkOptions): Promise<void> {
  const worker = new Worker(experiment, options)
  try {
    await worker.toEnd()
  } finally {
    await worker.close()
  }
}

class Worker {
  readonly #name: string
  readonly #options: WorkOptions
  readonly #pool: TrialPool
  /** Jobs that threads are at. */
  readonly #taken = new Set<string>()
  /** Aborted by the caller, or by the first failure. */
  readonly #halt = new AbortController()
  readonly #stop = () => this.#halt.abort()
  #failure: { error: unknown } | undefined

  constructor(experiment: OpenExperiment, options: WorkOptions) {
    this.#name = experiment.plan.name
    this.#options = options
    this.#pool = new TrialPool(experiment, options)
    options.signal.addEventListener('abort', this.#stop, { once: true })
    if (options.signal.aborted) this.#stop()
  }

  async toEnd(): Promise<void> {
    const { queue, workers } = this.#options
    const renewal = setInterval(() => {
      queue.renew(this.#name, [...this.#taken]).catch((error: unknown) => this.#fail(error))
    }, RENEWAL_MS)
    try {
      await Promise.all(Array.from({ length: workers }, () => this.#work()))
    } finally {
      clearInterval(renewal)
    }
    if (this.#failure) throw this.#failure.error
    await queue.giveBack(this.#name, [...this.#taken])
  }

  async #work(): Promise<void> {
    const { queue, leavesIdle } = this.#options
    try {
      while (!this.#halt.signal.aborted) {
        const taken = await queue.take(this.#name)
        if (taken) await this.#run(taken)
        else if (leavesIdle || !(await queue.experiments()).includes(this.#name)) return
        else await delay(POLL_MS, undefined, { signal: this.#halt.signal }).catch(() => undefined)
      }
    } catch (error) {
      if (!this.#halt.signal.aborted) this.#fail(error)
    }
  }

  async #run({ id, trial, key }: TakenTrial): Promise<void> {
    const { queue, store, onStored } = this.#options
    this.#taken.add(id)
    const report = await this.#pool.run(trial, this.#halt.signal)
    const { status } = await store.store(trial, key, report)
    await queue.done(this.#name, id)
    this.#taken.delete(id)
    onStored?.(status === 'failed')
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#halt.abort()
  }

  async close(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#stop)
    await this.#pool.close()
  }
}
