/** `tapedeck experiment work`: takes queued trials, on any machine that reaches the database and has the dataset. */

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import type { Command } from 'commander'
import type pg from 'pg'

import type { OpenExperiment } from '../../backtester/experiments/open-experiment.ts'
import type { TrialQueue } from '../../backtester/experiments/trial-queue.ts'
import { ConfigError } from '../../market/errors.ts'
import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { counted } from '../report-words.ts'
import { load, withDatabase } from '../settings.ts'
import { stopSignals } from '../signals.ts'
import { statusLine } from '../terminal.ts'
import { addWorkOptions, openOnThisMachine, type WorkArguments } from './arguments.ts'

const LOOK_MS = 1000

const MORE = `

It ends with the experiment; without a name it takes those that come, until
Ctrl-C. The dataset must lie in the data folder of this machine, with the hash
that the experiment names. A machine that is gone for 20 seconds loses its
trials to the others. The login is that of a writer, or of the owner.`

export function addWork(experiment: Command): void {
  addWorkOptions(experiment.command('work').description('take trials that were queued with --queue'))
    .argument('[name]', 'of the experiment (default: all)')
    .option('--deadline <s>', 'a strategy that does not return fails', integerArgument(1, 86_400), 10)
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck experiment work first', 'tapedeck experiment work --workers 8') + MORE)
    .action(work)
}

type Options = CommonOptions & WorkArguments

async function work(name: string | undefined, options: Options): Promise<void> {
  const { TrialQueue } = await import('../../backtester/experiments/trial-queue.ts')
  const { readExperiment } = await import('../../backtester/store/experiments.ts')
  const { connectClient } = await import('../../db/pool.ts')
  const { stop } = stopSignals()
  await withDatabase(options, async (url) => {
    const [client, queueClient] = [await connectClient(url), await connectClient(url)]
    try {
      // One whose trials are all stored is known, and has nothing to take.
      if (name !== undefined) await readExperiment(client, name)
      const broken = new AbortController()
      const queue = await TrialQueue.open(queueClient, 'work', (error) => broken.abort(error))
      const done = { trials: 0, failed: 0 }
      try {
        const signal = AbortSignal.any([stop, broken.signal])
        for (;;) {
          const next = (await (name === undefined ? queue.waiting() : queue.experiments())).find(
            (one) => name === undefined || one === name,
          )
          if (next !== undefined) await workOnOne(next, { client, queue, signal, done, options, leavesIdle: name === undefined })
          if (signal.aborted || name !== undefined) break
          await delay(LOOK_MS, undefined, { signal }).catch(() => undefined)
        }
        if (broken.signal.aborted) throw broken.signal.reason
      } finally {
        await queue.close()
      }
      if (options.json) printJson(done)
      else print(`Stored ${counted(done.trials, 'trial')}${done.failed > 0 ? `, ${done.failed} failed` : ''}.`)
    } finally {
      await Promise.all([client.end(), queueClient.end()])
    }
  })
}

interface Given {
  client: pg.Client
  queue: TrialQueue
  signal: AbortSignal
  done: { trials: number; failed: number }
  options: Options
  /** For what waits elsewhere. */
  leavesIdle: boolean
}

async function workOnOne(name: string, { client, queue, signal, done, options, leavesIdle }: Given): Promise<void> {
  const { workOn } = await import('../../backtester/experiments/queued-experiment.ts')
  const { defaultWorkers } = await import('../../backtester/experiments/trial-pool.ts')
  const { trialStore } = await import('../../backtester/store/experiments.ts')
  const experiment = await openHere(client, name, options)
  const status = statusLine()
  await workOn(experiment, {
    queue,
    signal,
    workers: options.workers ?? defaultWorkers(),
    deadlineMs: options.deadline * 1000,
    isWhole: options.whole ?? false,
    leavesIdle,
    store: trialStore(client, name),
    onStored: (failed) => {
      done.trials++
      if (failed) done.failed++
      status(`${name}: ${counted(done.trials, 'trial')} stored${done.failed > 0 ? `, ${done.failed} failed` : ''}`)
    },
  }).finally(() => status(undefined))
}

/** As the experiment was begun, with what lies on this machine. @throws ConfigError `experiment-data` saying what to copy */
async function openHere(client: pg.Client, name: string, options: Options): Promise<OpenExperiment> {
  const { DatasetFolder } = await import('../../backtester/dataset/folder.ts')
  const { verifyDataset } = await import('../../backtester/dataset/verify.ts')
  const { readExperiment } = await import('../../backtester/store/experiments.ts')
  const { config } = await load(options)
  const { plan, dataset, datasetHash, strategy } = await readExperiment(client, name)
  const folder = new DatasetFolder(config.dataDir)
  const copy = (found: string) =>
    new ConfigError(
      `Experiment ${name} reads ${dataset} with the hash ${datasetHash.slice(0, 12)}: ${found} ` +
        (plan.input.kind === 'dataset'
          ? `Copy the folder datasets/${dataset} from the data folder of the machine that began it to ${join(config.dataDir, 'datasets')}.`
          : 'Copy the tape to the same place on this machine.'),
      { code: 'experiment-data' },
    )
  if (plan.input.kind === 'dataset') {
    const here = (await folder.list()).find((one) => one.name === dataset)
    if (!here) throw copy('this machine has none of that name.')
    const { ok, hash } = await verifyDataset(folder, here)
    if (!ok) throw copy('that of this machine is damaged.')
    if (hash !== datasetHash) throw copy(`that of this machine has ${hash.slice(0, 12)}.`)
  }
  const experiment = await openOnThisMachine(plan, options)
  const { subject } = experiment
  const { strategyHash } = experiment.plan
  if (subject.datasetHash !== datasetHash) throw copy(`that of this machine has ${subject.datasetHash.slice(0, 12)}.`)
  if (subject.strategy.version !== strategy.version || strategyHash !== plan.strategyHash)
    throw new ConfigError(
      `Experiment ${name} tries ${strategy.name}, ${versionOf(strategy, plan)}: found ${versionOf(subject.strategy, experiment.plan)} here. Install the same version of tapedeck, or copy the strategy's file.`,
      { code: 'experiment-data' },
    )
  return experiment
}

/** Of a strategy's own file with the begin of its hash. */
const versionOf = ({ version }: OpenExperiment['subject']['strategy'], { strategyHash }: OpenExperiment['plan']) =>
  `version ${version}${strategyHash === undefined ? '' : ` (${strategyHash.slice(0, 12)})`}`
