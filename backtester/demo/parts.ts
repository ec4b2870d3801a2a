/** Runs a demonstration of several processes: starts them, ends them in order on Ctrl-C, at once on a second one, and outlives none. */

import { Part } from './part.ts'

export interface PartsOptions {
  /** How to start ourselves: node and the script. */
  command: readonly [string, ...string[]]
  /** Shows one line of progress; undefined clears it. */
  status: (line: string | undefined) => void
  print: (text: string) => void
  stop: AbortSignal
  /** Aborted: do not wait for the rest. */
  force: AbortSignal
}

/** Whether everything was as it has to be, or the demonstration was stopped before there was anything to compare. */
export type DemoOutcome = 'accounted' | 'unaccounted' | 'interrupted'

/** Starts `tapedeck` with these arguments; `name` completes "The … ended with 1". */
export type StartPart = (name: string, args: readonly string[]) => Part

/** How long a part may take to stop in order when another has failed or the user does not want to wait. */
const END_LIMIT_MS = 5000

/** Throws a FeedError when a part fails. */
export async function runParts(options: PartsOptions, play: (start: StartPart) => Promise<DemoOutcome>): Promise<DemoOutcome> {
  const { command, status, print, stop, force } = options
  const parts: Part[] = []
  const start: StartPart = (name, args) => {
    const part = new Part(name, command, [...args, '--json'])
    parts.push(part)
    return part
  }
  try {
    const outcome = await Promise.race([play(start), aborted(force).then(() => 'interrupted' as const)])
    status(undefined)
    if (outcome === 'interrupted') print('Stopped before there was anything to compare.')
    return outcome
  } catch (error) {
    // A part that gets its SIGTERM before it listens for one dies of it.
    if (!stop.aborted || !parts.some((part) => part.wasTerminated)) throw error
    status(undefined)
    print('Stopped before anything was recorded.')
    return 'interrupted'
  } finally {
    status(undefined)
    await Promise.all(parts.map((part) => part.end(END_LIMIT_MS)))
  }
}

/** Ctrl-C: the gateway says that its tape is over, and the collector ends with it. */
export function stopInOrder({ status, stop }: PartsOptions, gateway: Part, collector: () => Part | undefined): void {
  whenAborted(stop, () => {
    status('stopping in order; Ctrl-C again stops at once')
    gateway.kill('SIGTERM')
    // A connected collector ends with the tape; one that is not connected needs a signal of its own.
    gateway.exited.finally(() => collector()?.kill('SIGTERM')).catch(() => undefined)
  })
}

/** A part that gets a SIGTERM after its last event may die of it: it does not listen any more. */
export async function finished(part: Part): Promise<void> {
  await part.exited
  if (!part.wasTerminated) await part.succeeded()
}

export const quoted = (argument: string) => (/^[\w./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`)

/** Claims, and whether they hold. */
export function formatClaims(claims: readonly (readonly [string, boolean])[]): string {
  return claims.map(([claim, holds]) => `${holds ? 'ok  ' : 'FAIL'}  ${claim}`).join('\n')
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => whenAborted(signal, resolve))
}

function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act()
  else signal.addEventListener('abort', act, { once: true })
}
