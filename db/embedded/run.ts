/** Running the programs of PostgreSQL: as which user, with which environment, and what they said. */

import { spawn } from 'node:child_process'

/** The system user that the server runs as, when it is not ours. */
export interface SystemUser {
  uid: number
  gid: number
}

/**
 * The whole environment of PostgreSQL's programs. It has no PG* variable, as they read defaults from these, and not our locale, as
 * initdb fails on one that the system does not know.
 */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}

/** Spawn options shared by all of them. The directory is `/` because another user may be shut out of ours. */
export function spawnOptions(user: SystemUser | undefined): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
  return { cwd: '/', env: cleanEnvironment(), ...(user && { uid: user.uid, gid: user.gid }) }
}

/**
 * Runs a program to its end.
 *
 * @returns whether it exited with 0, and its standard output and error together; `found` is false when there is no such program
 */
export function run(command: string, args: readonly string[], user?: SystemUser): Promise<{ found: boolean; ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...spawnOptions(user), stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (text: string) => {
      output += text
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.on('error', (error: NodeJS.ErrnoException) => resolve({ found: error.code !== 'ENOENT', ok: false, output: error.message }))
    child.on('close', (code, signal) => {
      resolve({ found: true, ok: code === 0, output: signal === null ? output : `${output}\nended by ${signal}` })
    })
  })
}
