/** The thread of a guarded run: it may be ended at any moment, as a strategy that never returns leaves no other way. */

import { parentPort, workerData } from 'node:worker_threads'

import { EquityPoints } from './equity-points.ts'
import { FillRows } from './fill-rows.ts'
import type { Packed } from './packed-rows.ts'
import { plainOrders, type RunResult } from './result.ts'
import { type RunRequest, runStrategy } from './run.ts'

export interface WorkerData {
  request: RunRequest
  /** Counts chunks: odd while the strategy has one. */
  beat: Int32Array
}

/** How far it is, or what it left, its many rows packed. */
export type WorkerMessage =
  | { kind: 'progress'; done: number; total: number }
  | { kind: 'result'; result: Omit<RunResult, 'fills' | 'equity'>; fills: Packed; equity: Packed }

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

const { fills, equity, ...rest } = await runStrategy(request, {
  onChunk: () => Atomics.add(beat, 0, 1),
  onProgress: (done, total) => {
    if (isTime()) tell({ kind: 'progress', done, total })
  },
})
const result = { ...rest, orders: plainOrders(rest) }
tell({ kind: 'result', result, fills: FillRows.of(fills).packed, equity: EquityPoints.of(equity).packed })
