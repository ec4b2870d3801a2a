/** A thread of the pool: runs one trial after the other, and leaves of each what the store needs. */

import { workerData } from 'piscina'

import { type RunSummary, summarise } from '../metrics/summary.ts'
import { plainResult, type RunResult } from '../run/result.ts'
import { type RunRequest, runStrategy } from '../run/run.ts'

/** What all trials have in common; the columns of bars in it are one copy for all threads. */
export type TrialBase = Omit<RunRequest, 'params' | 'settings' | 'startedAt'>

export interface TrialTask extends Pick<RunRequest, 'params' | 'settings' | 'startedAt'> {
  /** Counts chunks: odd while the strategy has one. Behind that, 1 once a thread has begun. */
  beat: Int32Array
  isWhole: boolean
}

export interface TrialReport {
  /** Unless it is whole: without its lists, but for the first and last points of its equity. */
  result: RunResult
  summary: RunSummary
  isWhole: boolean
}

/** Timers that will fire. */
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'Immediate').length

/** Of whoever started the thread, before any strategy was loaded. */
const timersAtStart = timers()

export async function runTrial({ beat, isWhole, ...request }: TrialTask): Promise<TrialReport> {
  // What the strategy of an earlier trial left running would run in the middle of this one: the pool gives it to another thread.
  if (timers() > timersAtStart) process.exit()
  Atomics.store(beat, 1, 1)
  const result = await runStrategy({ ...(workerData as TrialBase), ...request }, { onChunk: () => Atomics.add(beat, 0, 1) })
  const summary = summarise(result, { intervals: false })
  return isWhole
    ? { result: plainResult(result), summary, isWhole }
    : { result: withoutLists(result), summary: { ...summary, trips: [], open: [] }, isWhole }
}

function withoutLists(result: RunResult): RunResult {
  const [first, last] = [result.equity.at(0), result.equity.at(-1)]
  return { ...result, instruments: [], orders: [], fills: [], events: [], equity: first && last ? [first, last] : [] }
}
