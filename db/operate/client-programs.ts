/**
 * The programs of PostgreSQL for backups, which Tapedeck does not bring along: found on the PATH and where packages put them, of a version that
 * fits the server. pg_dump refuses a server that is newer than itself.
 */

import { execFile, spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

import { TapedeckError } from '../../market/errors.ts'

/** Folders with one folder for each version, and where the programs are in it. */
const PACKAGED = [
  ['/usr/lib/postgresql', 'bin'],
  ['/usr', 'bin'],
  ['/opt/homebrew/opt', 'bin'],
] as const

/**
 * The oldest that is as new as the server: what a newer one writes, an older server may not understand.
 *
 * @throws TapedeckError `client-missing`, naming the package
 */
export async function findProgram(name: 'pg_dump' | 'pg_restore', serverMajor: number): Promise<string> {
  const found: { path: string; major: number }[] = []
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...(await packagedFolders())]) {
    const path = join(folder, name)
    const major = await majorOf(path)
    if (major !== undefined) found.push({ path, major })
  }
  const fitting = found.filter(({ major }) => major >= serverMajor).sort((a, b) => a.major - b.major)[0]
  if (fitting) return fitting.path
  const versions = [...new Set(found.map(({ major }) => major))].join(', ') || 'none'
  throw new TapedeckError(
    `Expected ${name} of version ${serverMajor} or newer, as the server is ${serverMajor}; found ${versions}. ` +
      `Install postgresql-client-${serverMajor} (Debian and Ubuntu) or postgresql${serverMajor} (Red Hat).`,
    { code: 'client-missing' },
  )
}

async function packagedFolders(): Promise<string[]> {
  const folders: string[] = []
  for (const [parent, bin] of PACKAGED)
    for (const version of await readdir(parent).catch(() => []))
      if (/^(\d+|pgsql-\d+|postgresql@\d+)$/.test(version)) folders.push(join(parent, version, bin))
  return folders
}

async function majorOf(path: string): Promise<number | undefined> {
  const printed = await promisify(execFile)(path, ['--version']).catch(() => undefined)
  const major = /\(PostgreSQL\) (\d+)/.exec(printed?.stdout ?? '')?.[1]
  return major === undefined ? undefined : Number(major)
}

export interface ProgramRun {
  /** Everybody on this machine may read it: no password. */
  args: readonly string[]
  /** Only its user may read it. */
  password: string | undefined
  onLine?: ((line: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * Returns what it printed.
 *
 * @throws TapedeckError `program-failed` with the end of what it said
 */
export function runProgram(path: string, { args, password, onLine, signal }: ProgramRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...(password !== undefined && { PGPASSWORD: password }) }
    const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], env, ...(signal && { signal }) })
    let printed = ''
    let said: string[] = []
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = text.split('\n').filter((line) => line !== '')
      for (const line of lines) onLine?.(line)
      said = [...said, ...lines].slice(-5)
    })
    child.once('error', reject)
    child.once('close', (code, ended) => {
      if (code === 0) return resolve(printed)
      const errors = said.filter((line) => /error|fatal|could not|cannot/i.test(line))
      const why = (errors.length > 0 ? errors : said).join('; ')
      reject(
        new TapedeckError(`${path} ended with ${code === null ? ended : `code ${code}`}: ${why || 'it said nothing'}.`, {
          code: 'program-failed',
        }),
      )
    })
  })
}
