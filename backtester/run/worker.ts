/** The thread of a guarded run: it may be ended at any moment, as a strategy that never returns leaves no other way. */

import { parentPort, workerData } from 'node:worker_threads'

import { EquityPoints, type PackedEquity } from './equity-points.ts'
import type { RunResult } from './result.ts'
import { type RunRequest, runStrategy } from './run.ts'

export interface WorkerData {
  request: RunRequest
  /** Counts chunks: odd while the strategy has one. */
  beat: Int32Array
}

/** How far it is, or what it left, its equity packed. */
export type WorkerMessage =
  | { kind: 'progress'; done: number; total: number }
  | { kind: 'result'; result: Omit<RunResult, 'equity'>; equity: PackedEquity }

const PROGRESS_MS = 100

/** Returns whether it is time for another message. */
function pace(): () => boolean {
  let toldMs = Number.NEGATIVE_INFINITY
  return () => {
    const isTime = performance.now() - toldMs >= PROGRESS_MS
    if (isTime) toldMs = performance.now()
    return isTime
  }
}

const { request, beat } = workerData as WorkerData
const tell = (message: WorkerMessage) => parentPort?.postMessage(message, [])
const isTime = pace()

const { equity, ...result } = await runStrategy(request, {
  onChunk: () => Atomics.add(beat, 0, 1),
  onProgress: (done, total) => {
    if (isTime()) tell({ kind: 'progress', done, total })
  },
})
tell({ kind: 'result', result, equity: EquityPoints.of(equity).packed })
