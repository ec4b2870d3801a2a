/**
 * Whole runs over bars of a dataset that was read before, from the opening of the run to the hash of its result: all accounting on, a fee on each
 * trade. The limit is the strategy's indicator alone over the same closes. Times are of the processor, all threads of the process included.
 */

import { rm } from 'node:fs/promises'

import type { InstrumentBar } from '../../backtester/dataset/bars-file.ts'
import { prepareInput } from '../../backtester/run/input.ts'
import { type RunRequest, runStrategy } from '../../backtester/run/run.ts'
import { SECONDS_PER_DAY } from '../../market/bar.ts'
import { Deviation } from '../../market/indicators/deviation.ts'
import type { Indicator } from '../../market/indicators/indicator.ts'
import { Sma } from '../../market/indicators/sma.ts'
import { measure } from './harness.ts'
import { dailyBars, datasetOf, minuteBars, requestOn } from './made-bars.ts'

const CASES = [
  {
    title: 'mean reversion by z-score over 250 symbols and five years of daily bars',
    bars: () => dailyBars(250),
    seconds: SECONDS_PER_DAY,
    strategy: 'z-score',
    params: {},
    indicator: (): Indicator<number, unknown> => new Deviation(20),
  },
  {
    title: 'crossing of the mean of 50 closes over 1,000,000 bars of minutes',
    bars: () => minuteBars(1_000_000),
    seconds: 60,
    strategy: 'sma-cross',
    params: { period: 50 },
    indicator: (): Indicator<number, unknown> => new Sma(50),
  },
]

for (const { title, bars: make, seconds, strategy, params, indicator } of CASES) {
  let bars: readonly InstrumentBar[] = []
  let request: RunRequest | undefined
  let dataDir: string | undefined

  measure({
    title,
    unit: 'bars/s',
    limit: 'the indicator alone over the same closes',
    round: async () => {
      if (!request) {
        bars = make()
        dataDir = await datasetOf(bars, seconds)
        const given = requestOn(dataDir, strategy, params)
        request = { ...given, input: await prepareInput({ kind: 'dataset', dataDir, name: 'made' }) }
        // Unmeasured, so that every round finds both compiled.
        await oneRun(request)
        await oneRun(request)
        alone(bars, indicator)
      }
      const { processorSeconds, wallSeconds, fills } = await oneRun(request)
      return {
        ours: bars.length / processorSeconds,
        limit: alone(bars, indicator),
        more: { 'seconds of processor time': processorSeconds, 'seconds on the wall': wallSeconds, fills },
      }
    },
    cleanUp: async () => {
      if (dataDir) await rm(dataDir, { recursive: true })
    },
  })
}

async function oneRun(request: RunRequest): Promise<{ processorSeconds: number; wallSeconds: number; fills: number }> {
  const [startedUs, startedMs] = [processorUs(), performance.now()]
  const { status, fills } = await runStrategy(request)
  const figures = { processorSeconds: (processorUs() - startedUs) / 1e6, wallSeconds: (performance.now() - startedMs) / 1000 }
  if (status !== 'complete' || fills.length === 0) throw new Error('expected a run that trades to its end')
  return { ...figures, fills: fills.length }
}

/** Bars a second. */
function alone(bars: readonly InstrumentBar[], indicator: () => Indicator<number, unknown>): number {
  const indicators: Indicator<number, unknown>[] = []
  const startedUs = processorUs()
  for (const { instrument, close } of bars) {
    const one = (indicators[instrument] ??= indicator())
    one.next(close)
  }
  return (bars.length / (processorUs() - startedUs)) * 1e6
}

function processorUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
