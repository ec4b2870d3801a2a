/**
 * The server's main process, as its file `postmaster.pid` describes it. The file is there while the server runs, and stays
 * when the server or the machine was killed; the pid in it may by then belong to another process.
 */

import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WriteError } from '../../market/errors.ts'
import { isProcessAlive, processBirth } from '../../system/directory-lock.ts'
import { run } from './run.ts'

const POLL_MS = 20
/** Recovery after a crash reads back up to max_wal_size. */
export const START_LIMIT_MS = 600_000
const WORD_EVERY_MS = 5000
/** A smart shutdown waits for its clients; a caller that needs a server now does not wait that long. */
const SMART_STOP_LIMIT_MS = 10_000
/** Fast shutdown writes a checkpoint first. */
const FAST_STOP_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 120_000

export interface Postmaster {
  pid: number
  birth: string | undefined
  /** `undefined` until it has come so far. */
  port: number | undefined
  /** `starting`, `ready`, `stopping`; empty until it has come so far. */
  status: string
}

/**
 * The postmaster of the cluster in `data`, `undefined` when none runs. To be called under the lock: a stale `postmaster.pid` is
 * removed when its pid is gone or is not a server of this cluster, for PostgreSQL itself refuses to start while that pid lives.
 */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const postmaster = await readPostmaster(data)
  if (postmaster === undefined) return undefined
  if (isRunning(postmaster) && mayServe(await argumentsOf(postmaster.pid), data)) return postmaster
  await rm(pidFile(data), { force: true })
  return undefined
}

/** What `postmaster.pid` says, alive or not. */
export async function readPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(pidFile(data), 'utf8').catch(() => '')
  return parsePidFile(text)
}

/** Lines of the file: pid, data directory, start time, port, socket directory, listen address, shared memory, status. */
export function parsePidFile(text: string): Postmaster | undefined {
  const lines = text.split('\n')
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10))
  const port = Number.parseInt(lines[3] ?? '', 10)
  if (!Number.isInteger(pid) || pid === 0) return undefined
  return { pid, birth: processBirth(pid), port: Number.isInteger(port) ? port : undefined, status: (lines[7] ?? '').trim() }
}

/**
 * Whether a process with these arguments can be the postmaster of `data`. A server started by hand may not name its folder;
 * it gets the benefit of the doubt, and the password decides.
 */
export function mayServe(args: readonly string[], data: string): boolean {
  const [program = ''] = args
  if (!/(^|\/)(postgres|postmaster)( |$)/.test(program)) return false
  return args.some((arg) => arg.includes(data)) || !args.some((arg) => arg.startsWith('-D') || arg.includes(' -D'))
}

/** Whether this very process still runs. */
export function isRunning(postmaster: Pick<Postmaster, 'pid' | 'birth'>): boolean {
  return isProcessAlive(postmaster.pid, postmaster.birth)
}

/**
 * Waits while the server starts, recovers or stops.
 *
 * @returns the postmaster once it is ready, `undefined` when it has ended
 * @throws WriteError `embedded-start-slow` when that takes longer than ten minutes; it goes on
 */
export async function settled(
  data: string,
  server: Pick<Postmaster, 'pid' | 'birth'>,
  onWait: () => void,
): Promise<Postmaster | undefined> {
  const begin = performance.now()
  let nextWordMs = WORD_EVERY_MS
  while (isRunning(server)) {
    const postmaster = await readPostmaster(data)
    if (postmaster?.pid === server.pid && postmaster.status === 'ready') return postmaster
    const waitedMs = performance.now() - begin
    if (postmaster?.pid === server.pid && postmaster.status === 'stopping' && waitedMs > SMART_STOP_LIMIT_MS) {
      await stopPostmaster(postmaster)
      return undefined
    }
    if (waitedMs > START_LIMIT_MS) {
      throw new WriteError(
        `Expected the database (process ${server.pid}) to be ready within ${START_LIMIT_MS / 60_000} min; it is still busy. Read its log.`,
        {
          code: 'embedded-start-slow',
        },
      )
    }
    if (waitedMs > nextWordMs) {
      onWait()
      nextWordMs += WORD_EVERY_MS
    }
    await delay(POLL_MS)
  }
  return undefined
}

/**
 * Fast shutdown: ends the sessions, writes a checkpoint, exits. After a minute an immediate one, from which the next start recovers:
 * PostgreSQL 18.4 never finishes a fast shutdown that is requested while it recovers from the death of a backend: it waits with no
 * child left.
 *
 * @throws WriteError `embedded-stop-slow` when it takes longer than two minutes; it goes on stopping
 */
export async function stopPostmaster(postmaster: Postmaster): Promise<void> {
  const begin = performance.now()
  const signals: [afterMs: number, signal: NodeJS.Signals][] = [
    [0, 'SIGINT'],
    [FAST_STOP_LIMIT_MS, 'SIGQUIT'],
  ]
  while (isRunning(postmaster)) {
    const waitedMs = performance.now() - begin
    const [next] = signals
    if (next !== undefined && waitedMs >= next[0]) {
      signals.shift()
      process.kill(postmaster.pid, next[1])
    }
    if (waitedMs > STOP_LIMIT_MS) {
      throw new WriteError(
        `Expected the database (process ${postmaster.pid}) to stop within ${STOP_LIMIT_MS / 1000} s; it is still stopping.`,
        {
          code: 'embedded-stop-slow',
        },
      )
    }
    await delay(POLL_MS)
  }
}

function pidFile(data: string): string {
  return join(data, 'postmaster.pid')
}

async function argumentsOf(pid: number): Promise<string[]> {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((arg) => arg !== '')
  } catch {
    // No /proc: one line, arguments joined by spaces.
    const { output } = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
    return [output.trim()]
  }
}
