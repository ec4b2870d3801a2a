/** Requests to end a running command. */

import { onUnread } from './output.ts'

export interface StopSignals {
  /** Aborted: stop in order. Its reason is the signal, or `EPIPE` when nothing reads our output any more. */
  stop: AbortSignal
  /** Aborted: do not wait any more. */
  force: AbortSignal
}

/** One press of Ctrl-C may come twice: from the terminal, and passed on by `npm run`. */
export const SAME_PRESS_MS = 500

/**
 * The first signal asks to stop in order, the second to stop without waiting.
 *
 * @param onHangup what SIGHUP does instead in a command without a terminal; a terminal that closes sends SIGHUP too
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
  return { stop: stop.signal, force: force.signal }
}

/** For a command whose output is its work: a reader of standard output that has seen enough ends it too. */
export function stopSignalsOrUnread(): StopSignals {
  const signals = stopSignals()
  const unread = new AbortController()
  onUnread(() => unread.abort('EPIPE'))
  return { ...signals, stop: AbortSignal.any([signals.stop, unread.signal]) }
}

/** Whether a signal cut the work short, and not a reader that has seen enough. */
export function wasInterrupted(stop: AbortSignal): boolean {
  return stop.aborted && stop.reason !== 'EPIPE'
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
