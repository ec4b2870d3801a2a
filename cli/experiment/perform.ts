/** Runs an experiment with a status line, here or by queueing it for others, and prints what came of it. */

import type pg from 'pg'

import type { OpenExperiment } from '../../backtester/experiments/open-experiment.ts'
import type { ExperimentProgress, TrialStore } from '../../backtester/experiments/run-experiment.ts'
import type { CommonOptions } from '../arguments.ts'
import { length } from '../report-words.ts'
import { withDatabase } from '../settings.ts'
import { stopSignals } from '../signals.ts'
import { progressBar, statusLine } from '../terminal.ts'
import type { WorkArguments } from './arguments.ts'
import { showExperiment } from './show.ts'

interface Run {
  experiment: OpenExperiment
  store: TrialStore
  signal: AbortSignal
  onProgress: (progress: ExperimentProgress & { taken?: number }) => void
}

/** @param open is given a connection to the database, for what is stored there */
export async function perform(
  options: CommonOptions & WorkArguments & { queue?: boolean },
  open: (client: pg.Client) => Promise<OpenExperiment>,
): Promise<void> {
  const { beginExperiment, trialStore } = await import('../../backtester/store/experiments.ts')
  const { connectClient } = await import('../../db/pool.ts')
  const { stop } = stopSignals()
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const experiment = await open(client)
      const { name } = experiment.plan
      await beginExperiment(client, experiment)
      const status = statusLine()
      const run: Run = {
        experiment,
        store: trialStore(client, name),
        signal: stop,
        onProgress: (progress) => status(progressText(progress)),
      }
      await (options.queue ? queued(url, run) : here(options, run)).finally(() => status(undefined))
      await showExperiment(client, name, options)
    } finally {
      await client.end()
    }
  })
}

async function here(options: WorkArguments, { experiment, ...run }: Run): Promise<void> {
  const { runExperiment } = await import('../../backtester/experiments/run-experiment.ts')
  const { defaultWorkers } = await import('../../backtester/experiments/trial-pool.ts')
  await runExperiment(experiment, {
    workers: options.workers ?? defaultWorkers(),
    deadlineMs: options.deadline * 1000,
    isWhole: options.whole ?? false,
    ...run,
  })
}

async function queued(url: string, { experiment, ...run }: Run): Promise<void> {
  const { coordinate } = await import('../../backtester/experiments/queued-experiment.ts')
  const { TrialQueue } = await import('../../backtester/experiments/trial-queue.ts')
  const { connectClient } = await import('../../db/pool.ts')
  const client = await connectClient(url)
  try {
    const broken = new AbortController()
    const queue = await TrialQueue.open(client, 'own', (error) => broken.abort(error))
    try {
      await coordinate(experiment, { ...run, queue, signal: AbortSignal.any([run.signal, broken.signal]) })
    } catch (error) {
      throw broken.signal.aborted ? broken.signal.reason : error
    } finally {
      await queue.close()
    }
  } finally {
    await client.end()
  }
}

function progressText({ done, total, failed, leftMs, taken }: ExperimentProgress & { taken?: number }): string {
  const left = leftMs === undefined ? '' : `, ${length(leftMs * 1000)} left`
  const running = taken === undefined ? '' : `, ${taken} running`
  return `${progressBar(done, total)} ${done}/${total}${failed > 0 ? `, ${failed} failed` : ''}${running}${left}`
}
