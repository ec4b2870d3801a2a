/**
 * A grid of trials on two threads: mean reversion by z-score over 250 symbols and five years of daily bars, each trial with other parameters.
 * What it gains of the second thread is compared to what work of the processor alone gains of one, in the same round: the scores of prices in an
 * array, and, as two threads on one core each count at full speed, counting. The built program runs, since threads of Node 20 cannot load TypeScript.
 */

import { rm } from 'node:fs/promises'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import type { TrialStore } from '../../backtester/experiments/run-experiment.ts'
import { arbitrageSettings } from '../../market/arbitrage/settings.ts'
import { SECONDS_PER_DAY } from '../../market/bar.ts'
import { timed, measure } from './harness.ts'
import { dailyBars, datasetOf, requestOn } from './made-bars.ts'

/** 1000 is the long form. */
const TRIALS = Number(process.env['TAPEDECK_BENCH_TRIALS'] ?? 60)
const ENTRIES = Array.from({ length: TRIALS }, (_, i) => 1 + i / TRIALS)
/** What a thread does that gets no memory while it works. The number of steps comes as its data. */
const WORK = {
  scores: `
    const prices = Float64Array.from({ length: 1024 }, (_, i) => 100 + (i * 7919 % 1000) / 100)
    for (let i = 0; i < steps; i++) {
      let [all, squares] = [0, 0]
      for (let k = 0; k < 20; k++) { const price = prices[(i + k) & 1023]; all += price; squares += price * price }
      const mean = all / 20
      sum += (prices[i & 1023] - mean) / Math.sqrt(squares / 20 - mean * mean)
    }`,
  counting: 'for (let i = 0; i < steps; i++) sum = (sum + i) | 0',
}
const STEPS = { scores: 80_000_000, counting: 2_000_000_000 }

const built = (path: string) => import(new URL(`../../dist/backtester/experiments/${path}.js`, import.meta.url).href)

let dataDir: string | undefined

measure({
  title: `grid of ${TRIALS} runs over 250 symbols and five years of daily bars, on two threads`,
  unit: 'percent of the speed on one',
  limit: 'scores of prices alone',
  round: async () => {
    dataDir ??= await datasetOf(dailyBars(250), SECONDS_PER_DAY)
    const [scores, counting] = [await gainOf('scores'), await gainOf('counting')]
    const [gridOnOne, gridOnTwo] = [await gridOn(1, dataDir), await gridOn(2, dataDir)]
    return {
      ours: (gridOnOne / gridOnTwo) * 100,
      limit: scores * 100,
      more: {
        'counting, percent of the speed on one': counting * 100,
        'seconds of a trial on one thread': gridOnOne / TRIALS,
        'trials a second on two threads': TRIALS / gridOnTwo,
      },
    }
  },
  cleanUp: async () => {
    if (dataDir) await rm(dataDir, { recursive: true })
  },
})

/** How much faster two threads do it than one. */
async function gainOf(work: keyof typeof WORK): Promise<number> {
  const secondsOn = async (threads: number) =>
    (await timed(() => Promise.all(Array.from({ length: threads }, () => doWork(work, threads))))).seconds
  return (await secondsOn(1)) / (await secondsOn(2))
}

/** One of so many threads that share it. */
async function doWork(work: keyof typeof WORK, threads: number): Promise<void> {
  const code = `const { parentPort, workerData: steps } = require('node:worker_threads'); let sum = 0; ${WORK[work]}; parentPort.postMessage(sum)`
  await once(new Worker(code, { eval: true, workerData: STEPS[work] / threads }), 'message')
}

/** Seconds from the first trial to the last, the start of the threads included. */
async function gridOn(workers: number, directory: string): Promise<number> {
  const { openExperiment } = (await built('open-experiment')) as typeof import('../../backtester/experiments/open-experiment.ts')
  const { runExperiment } = (await built('run-experiment')) as typeof import('../../backtester/experiments/run-experiment.ts')
  const { settings, input } = requestOn(directory, 'z-score', {})
  if (input.kind === 'prepared') throw new Error('expected a dataset')
  const plan = {
    name: 'made',
    kind: 'grid',
    strategy: 'z-score',
    cwd: directory,
    input,
    arbitrage: arbitrageSettings(),
    settings,
    space: { entry: { kind: 'values' as const, values: ENTRIES } },
    objective: { metric: 'sharpe', direction: 'max' as const },
    options: {},
  }
  const experiment = await openExperiment(plan, { dataDir: directory, codeVersion: '0' })
  const store: TrialStore = {
    outcomes: async () => new Map(),
    store: async (_trial, _key, { result: { status, hash, durationMs } }) => ({
      runId: 1,
      status,
      figures: {},
      resultHash: hash,
      durationMs,
    }),
  }
  const options = { workers, deadlineMs: 60_000, isWhole: false, store, signal: new AbortController().signal }
  const { seconds, result } = await timed(() => runExperiment(experiment, options))
  if (result.length !== TRIALS || result.some(({ status }) => status !== 'complete')) throw new Error('expected trials that end')
  return seconds
}
