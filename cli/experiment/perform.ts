/** Runs an experiment with a status line, and prints what came of it. */

import type pg from 'pg'

import type { OpenExperiment } from '../../backtester/experiments/open-experiment.ts'
import type { ExperimentProgress } from '../../backtester/experiments/run-experiment.ts'
import type { CommonOptions } from '../arguments.ts'
import { length } from '../report-words.ts'
import { withDatabase } from '../settings.ts'
import { stopSignals } from '../signals.ts'
import { progressBar, statusLine } from '../terminal.ts'
import type { WorkArguments } from './arguments.ts'
import { showExperiment } from './show.ts'

/** @param open is given a connection to the database, for what is stored there */
export async function perform(options: CommonOptions & WorkArguments, open: (client: pg.Client) => Promise<OpenExperiment>): Promise<void> {
  const { runExperiment } = await import('../../backtester/experiments/run-experiment.ts')
  const { defaultWorkers } = await import('../../backtester/experiments/trial-pool.ts')
  const { beginExperiment, readOutcomes, storeTrial } = await import('../../backtester/store/experiments.ts')
  const { connectClient } = await import('../../db/pool.ts')
  const { stop } = stopSignals()
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const experiment = await open(client)
      const { name } = experiment.plan
      await beginExperiment(client, experiment)
      const status = statusLine()
      await runExperiment(experiment, {
        workers: options.workers ?? defaultWorkers(),
        deadlineMs: options.deadline * 1000,
        isWhole: options.whole ?? false,
        store: {
          outcomes: () => readOutcomes(client, name),
          store: (trial, key, report) => storeTrial(client, name, trial, { key, report }),
        },
        signal: stop,
        onProgress: (progress) => status(progressText(progress)),
      }).finally(() => status(undefined))
      await showExperiment(client, name, options)
    } finally {
      await client.end()
    }
  })
}

function progressText({ done, total, failed, leftMs }: ExperimentProgress): string {
  const left = leftMs === undefined ? '' : `, ${length(leftMs * 1000)} left`
  return `${progressBar(done, total)} ${done}/${total}${failed > 0 ? `, ${failed} failed` : ''}${left}`
}
