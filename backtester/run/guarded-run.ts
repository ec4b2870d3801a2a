/** A run in a thread of its own, so that a strategy that loops is ended and not waited for. */

import { Worker } from 'node:worker_threads'

import { TapedeckError } from '../../market/errors.ts'
import { EquityPoints } from './equity-points.ts'
import { FillRows } from './fill-rows.ts'
import type { RunResult } from './result.ts'
import { failedResult, type RunHooks, type RunRequest } from './run.ts'
import type { WorkerData, WorkerMessage } from './worker.ts'

export interface GuardOptions extends Pick<RunHooks, 'onProgress'> {
  /** So long a strategy may keep one chunk of data (some hundred records) before it counts as looping. */
  deadlineMs: number
  signal: AbortSignal
}

const LOOK_MS = 100

/**
 * Of memory for new objects in a thread that runs strategies, in MB: a third of it is free for them at a time. Most die young, and what is kept is
 * copied twice: with the default of V8 a fifth of a run went into that.
 */
export const ROOM = { maxYoungGenerationSizeMb: 192 }

/**
 * Watches a run in another thread: calls once its strategy has kept one chunk longer than the deadline.
 *
 * @param beat counts chunks: odd while the strategy has one
 * @returns ends the watch
 */
export function watchBeat(beat: Int32Array, deadlineMs: number, onLoop: (error: TapedeckError) => void): () => void {
  let seen = -1
  let sinceMs = performance.now()
  const watch = setInterval(() => {
    const now = Atomics.load(beat, 0)
    if (now !== seen || now % 2 === 0) {
      seen = now
      sinceMs = performance.now()
    } else if (performance.now() - sinceMs > deadlineMs) {
      clearInterval(watch)
      const message = `The strategy has not returned for ${deadlineMs / 1000} s: it loops, or needs a longer --deadline.`
      onLoop(new TapedeckError(message, { code: 'strategy-loop' }))
    }
  }, LOOK_MS)
  return () => clearInterval(watch)
}

/**
 * Runs to the end of the data, or until something fails; both are results. A strategy that keeps a chunk longer than the deadline has failed.
 *
 * @throws TapedeckError `export-stopped` when the signal aborts
 */
export async function runGuarded(request: RunRequest, { deadlineMs, signal, onProgress }: GuardOptions): Promise<RunResult> {
  const startedMs = performance.now()
  const beat = new Int32Array(new SharedArrayBuffer(4))
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: { request, beat } satisfies WorkerData,
    resourceLimits: ROOM,
  })
  const failed = (error: unknown) => failedResult(request, error, Math.round(performance.now() - startedMs))
  let unwatch: (() => void) | undefined
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'result') {
          const { result, fills, equity } = message
          resolve({ ...result, fills: new FillRows(fills), equity: new EquityPoints(equity) })
        } else onProgress?.(message.done, message.total)
      })
      // The strategy threw where nobody could catch it, as in a promise of its own, or ended the thread.
      worker.on('error', (error) => resolve(failed(error)))
      worker.on('exit', (code) =>
        resolve(failed(new TapedeckError(`The strategy ended its thread (exit code ${code}).`, { code: 'strategy-exit' }))),
      )
      const stopped = () =>
        reject(new TapedeckError('The run was stopped before its end; nothing of it is kept.', { code: 'export-stopped' }))
      if (signal.aborted) stopped()
      signal.addEventListener('abort', stopped, { once: true })
      unwatch = watchBeat(beat, deadlineMs, (error) => resolve(failed(error)))
    })
  } finally {
    unwatch?.()
    await worker.terminate()
  }
}
