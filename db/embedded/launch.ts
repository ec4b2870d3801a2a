/** Starts the server program and waits until it accepts connections, or says why it did not. */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { WriteError } from '../../market/errors.ts'
import { processBirth } from '../../system/directory-lock.ts'
import type { Binaries } from './binaries.ts'
import type { ClusterPaths } from './cluster.ts'
import { settled } from './postmaster.ts'
import { type SystemUser, spawnOptions } from './run.ts'
import { logTail, openLog } from './server-log.ts'

/** Given on the command line, so that a cluster made by an earlier version of ours gets them too. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  // A socket path longer than about 100 characters fails the start.
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  wal_compression: 'off',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // A hypertable's chunks are locked one by one.
  max_locks_per_transaction: '256',
}

const TIMESCALEDB_SETTINGS = {
  shared_preload_libraries: 'timescaledb',
  'timescaledb.telemetry_level': 'off',
  // PostgreSQL's own 8 and the 16 that TimescaleDB asks for.
  max_worker_processes: '24',
}

export interface Launch {
  paths: ClusterPaths
  binaries: Binaries
  user: SystemUser | undefined
  port: number
  /** Called every few seconds while the server is not ready yet. */
  onWait: () => void
}

/**
 * Resolves when the server is ready. It runs in a session of its own: Ctrl-C reaches us, and not the database before we have flushed.
 *
 * @throws WriteError with the end of the log; retryable when the port was taken (`embedded-port-taken`) or processes of a killed
 *   server are still there (`embedded-still-in-use`), else `embedded-start-failed`
 */
export async function launch({ paths, binaries, user, port, onWait }: Launch): Promise<void> {
  const settings = Object.entries({ ...SETTINGS, ...(binaries.timescaledb && TIMESCALEDB_SETTINGS), port: String(port) })
  const args = ['-D', paths.data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const program = join(binaries.binDir, 'postgres')
  const { handle, startBytes } = await openLog(paths.log)
  let failure: string
  try {
    const child = spawn(program, args, { ...spawnOptions(user), detached: true, stdio: ['ignore', handle.fd, handle.fd] })
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message))
      child.on('exit', (code, signal) => resolve(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`))
    })
    if (child.pid !== undefined && (await settled(paths.data, { pid: child.pid, birth: processBirth(child.pid) }, onWait))) {
      child.unref()
      return
    }
    failure = await ended
  } finally {
    await handle.close()
  }
  const tail = await logTail(paths.log, startBytes)
  const { code, retryable } = reasonIn(tail)
  throw new WriteError(`${program} did not start on ${paths.data}: ${failure}. The end of ${paths.log}:\n${tail || '(nothing)'}`, {
    code,
    retryable,
  })
}

/** What the server said, in the words of PostgreSQL 15 to 18 without locale. */
export function reasonIn(log: string): { code: string; retryable: boolean } {
  if (/Address already in use/.test(log)) return { code: 'embedded-port-taken', retryable: true }
  if (/pre-existing shared memory block|lock file ".*" already exists/.test(log)) return { code: 'embedded-still-in-use', retryable: true }
  return { code: 'embedded-start-failed', retryable: false }
}
