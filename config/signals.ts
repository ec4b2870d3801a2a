/** What asks a running command to end. */

/** The first signal asks to stop in order, the second not to wait any more. */
export function stopSignals(): { stop: AbortSignal; force: AbortSignal } {
  const stop = new AbortController()
  const force = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => (stop.signal.aborted ? force : stop).abort(signal))
  return { stop: stop.signal, force: force.signal }
}
