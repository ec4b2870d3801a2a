/** What asks a running command to end. */

import { onUnread } from './terminal.ts'

export interface StopSignals {
  /** Aborted: stop in order. Its reason is the signal, or `EPIPE` when nobody reads our output any more. */
  stop: AbortSignal
  /** Aborted: do not wait any more. */
  force: AbortSignal
}

/** One press of Ctrl-C may come twice: from the terminal, and passed on by `npm run`. */
export const SAME_PRESS_MS = 500

/**
 * The first signal asks to stop in order, the second not to wait any more.
 *
 * @param onHangup what SIGHUP does instead, for a command that has no terminal: a terminal that closes sends it too
 */
export function stopSignals(onHangup?: () => void): StopSignals {
  const stop = new AbortController()
  const force = new AbortController()
  let pressedMs = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!stop.signal.aborted) pressedMs = performance.now()
      else if (performance.now() - pressedMs > SAME_PRESS_MS) force.abort(signal)
      stop.abort(signal)
    })
  if (onHangup && !process.stdin.isTTY && !process.stderr.isTTY) process.removeAllListeners('SIGHUP').on('SIGHUP', onHangup)
  onUnread(() => stop.abort('EPIPE'))
  return { stop: stop.signal, force: force.signal }
}

/** Whether a signal cut the work short, and not a reader who has seen enough. */
export function wasInterrupted(stop: AbortSignal): boolean {
  return stop.aborted && stop.reason !== 'EPIPE'
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
