/** Waiting for signals and deadlines. */

import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Waits for `work`, but not longer than `graceMs` behind the abort. Returns false when it was given up; its outcome is ignored then. */
export async function finishedBefore(signal: AbortSignal, graceMs: number, work: Promise<unknown>): Promise<boolean> {
  const late = aborted(signal).then(() => sleep(graceMs, false, { ref: false }))
  return Promise.race([work.then(() => true), late])
}
