/**
 * A lock between processes of one machine, kept as a symbolic link that points to nothing: its target is the text that
 * says who holds it. Making a symbolic link is atomic, fails when the name exists, and cannot leave a half-written file.
 *
 * States: absent (free) -> held (the holder lives) -> absent (released), or -> stale (the holder died without releasing).
 * A stale lock is removed only by who holds the lock named `<path>.break`, after reading the stale lock again under it.
 * The dead holder cannot touch its lock and every other taker needs `.break`, so what is removed is what was judged stale.
 * `.break` is a lock of the same kind: a taker killed while it breaks is itself found stale by the next.
 *
 * The limit: processes in different containers, or on different machines, cannot see whether the other is alive.
 */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readlink, rm, symlink, unlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from '../market/errors.ts'

/** How often a waiting taker looks again. */
const POLL_MS = 20

export interface DirectoryLock {
  /** Frees the lock. Calling it again does nothing. */
  release(): Promise<void>
}

/** Who holds a lock. */
export interface Holder {
  pid: number
  /** Tells a process from a later one with the same pid; `undefined` where the system does not say. */
  birth: string | undefined
  /** When it was taken, ISO 8601, for people. */
  since: string
  purpose: string
}

/**
 * Takes the lock at `path` for this process.
 *
 * @param path the lock file; its folder must exist
 * @param options.purpose what the holder does, for the message that others get: `recording into this directory`
 * @param options.waitMs how long to wait for another holder, in milliseconds; 0 (default) does not wait
 * @throws ConfigError `directory-locked` (retryable) naming the holder
 */
export async function acquireDirectoryLock(path: string, options: { purpose: string; waitMs?: number }): Promise<DirectoryLock> {
  const deadline = performance.now() + (options.waitMs ?? 0)
  // The random word makes each taking distinct, so that a lock judged stale is recognised when it is read again.
  const mine = [
    process.pid,
    processBirth(process.pid) ?? '',
    new Date().toISOString(),
    randomBytes(8).toString('hex'),
    options.purpose,
  ].join(' ')
  for (;;) {
    if (await linked(path, mine)) return releasing(path)
    const text = await targetOf(path)
    if (text === undefined) continue
    const holder = parseHolder(text)
    if (!isProcessAlive(holder.pid, holder.birth)) {
      await breakStale(path, text, deadline)
    } else if (performance.now() >= deadline) {
      throw new ConfigError(
        `${path} is held by process ${holder.pid} since ${holder.since} (${holder.purpose}). Stop that process, or wait until it has finished, and try again.`,
        { code: 'directory-locked', retryable: true },
      )
    } else {
      await delay(POLL_MS)
    }
  }
}

/** Who holds the lock at `path`; undefined when it is free. `stale`: its holder has died, and the next taker removes it. */
export async function lockHolder(path: string): Promise<(Holder & { stale: boolean }) | undefined> {
  const text = await targetOf(path)
  if (text === undefined) return undefined
  const holder = parseHolder(text)
  return { ...holder, stale: !isProcessAlive(holder.pid, holder.birth) }
}

/** Whether `pid` runs; with `birth` (from `processBirth`), whether it is still the same process. A dead process not yet reaped does not run. */
export function isProcessAlive(pid: number, birth?: string): boolean {
  // Read before the signal: a process that ends in between is then found dead, not merely unreadable.
  const stat = processStat(pid)
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if (codeOf(error) !== 'EPERM') return false
  }
  if (stat === undefined) return true
  return stat.state !== 'Z' && stat.state !== 'X' && (birth === undefined || stat.birth === birth)
}

/** A text that differs between two processes which had the same pid; `undefined` outside Linux. */
export function processBirth(pid: number): string | undefined {
  return processStat(pid)?.birth
}

function processStat(pid: number): { state: string; birth: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Fields count from 1; the name (field 2) may hold spaces and parentheses, so what follows its last one starts at field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTicks] = [fields[0], fields[22 - 3]]
    if (state === undefined || startTicks === undefined) return undefined
    // Ticks count from boot: without the boot's own id, two boots that go alike would give the same number.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return { state, birth: `${boot}/${startTicks}` }
  } catch {
    return undefined
  }
}

async function breakStale(path: string, stale: string, deadline: number): Promise<void> {
  const waitMs = Math.max(1000, deadline - performance.now())
  // Short: a long link needs a block of a disk that may be full.
  const breaker = await acquireDirectoryLock(`${path}.break`, { purpose: 'removing a stale lock', waitMs })
  try {
    if ((await targetOf(path)) === stale) await unlink(path)
  } finally {
    await breaker.release()
  }
}

function releasing(path: string): DirectoryLock {
  let held = true
  return {
    async release() {
      if (!held) return
      held = false
      await rm(path, { force: true })
    },
  }
}

async function linked(path: string, text: string): Promise<boolean> {
  try {
    await symlink(text, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function targetOf(path: string): Promise<string | undefined> {
  try {
    return await readlink(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    if (codeOf(error) !== 'EINVAL') throw error
    throw new ConfigError(`expected ${path} to be a lock of ours, found a file of another kind. Move it away.`, {
      code: 'directory-lock-foreign',
    })
  }
}

function parseHolder(text: string): Holder {
  const [pid, birth, since, , ...purpose] = text.split(' ')
  return { pid: Number(pid), birth: birth === '' ? undefined : birth, since: since ?? '', purpose: purpose.join(' ') }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code
}
