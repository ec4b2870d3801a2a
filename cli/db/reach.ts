/** Reaches the database of the settings from outside: its address, and psql on it. */

import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

import type { Logger } from 'pino'

import type { TapedeckConfig } from '../../config/schema.ts'
import { clusterPaths } from '../../db/embedded/cluster.ts'
import { findRunning } from '../../db/embedded/look.ts'
import { startEmbedded } from '../../db/embedded/server.ts'
import { TapedeckError } from '../../market/errors.ts'
import { splitAddress } from '../../system/password-source.ts'
import { EXIT } from '../exit-codes.ts'

type Settings = Pick<TapedeckConfig, 'dataDir' | 'database'>

/** The URL of the settings, or of the private database while it runs. Throws a TapedeckError `database-not-running` otherwise. */
export async function runningUrl({ dataDir, database }: Settings): Promise<string> {
  const url = database.url ?? (await findRunning(dataDir))
  if (url !== undefined) return url
  throw new TapedeckError(
    `The private database in ${clusterPaths(dataDir).home} is not running, so it has no address. \`tapedeck collect\` runs it while it records, ` +
      '`tapedeck db psql` for as long as psql runs.',
    { code: 'database-not-running' },
  )
}

/**
 * Runs psql, with the private database started for as long as that takes where it does not run. Returns the exit code of psql.
 *
 * @throws TapedeckError `psql-missing`; what startEmbedded throws
 */
export async function runPsql({ dataDir, database }: Settings, args: readonly string[], logger: Logger): Promise<number> {
  const psql = await findProgram('psql')
  if (psql === undefined)
    throw new TapedeckError(
      'Expected psql, the client of PostgreSQL, on the PATH, found none. Install it (postgresql-client on Debian and Ubuntu), or use ' +
        'any other client with the address that `tapedeck db url` prints.',
      { code: 'psql-missing' },
    )
  return withServer({ dataDir, database }, logger, (url) => runToEnd(psql, url, args))
}

/**
 * Uses the database of the settings as it is, with the private one started for as long as that takes where it does not run.
 *
 * @throws TapedeckError `database-not-made`; what startEmbedded and `use` throw
 */
export async function withServer<T>({ dataDir, database }: Settings, logger: Logger, use: (url: string) => Promise<T>): Promise<T> {
  if (database.url !== undefined) return use(database.url)
  const { home } = clusterPaths(dataDir)
  // Starting would make one, which is not what a person expects who has mistyped the data directory.
  if (!(await isThere(home, constants.F_OK)))
    throw new TapedeckError(
      `Expected a private database in ${home}, found none. \`tapedeck collect\` makes it; or name its data directory (--data-dir).`,
      { code: 'database-not-made' },
    )
  const server = await startEmbedded({ dataDir, logger })
  try {
    return await use(server.url)
  } finally {
    await server.close()
  }
}

const isThere = (path: string, mode: number) =>
  access(path, mode).then(
    () => true,
    () => false,
  )

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (await isThere(path, constants.X_OK)) return path
  }
  return undefined
}

async function runToEnd(psql: string, url: string, args: readonly string[]): Promise<number> {
  const { address, password } = await withoutPassword(url)
  // Everybody on this machine may read the arguments of a process, but only its user the environment.
  const env = { ...process.env, ...(password !== undefined && { PGPASSWORD: password }) }
  return await new Promise((resolve, reject) => {
    const child = spawn(psql, ['--dbname', address, ...args], { stdio: 'inherit', env })
    // Ctrl-C in psql ends a query, not psql; we have to outlive both.
    process.on('SIGINT', () => undefined)
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? EXIT.failed))
  })
}

/**
 * The address as the programs of PostgreSQL take it, and the password that was in it or that it names the source of.
 *
 * @throws WriteError `database-password`
 */
export async function withoutPassword(url: string): Promise<{ address: string; password: string | undefined }> {
  const { url: plain, fetch } = splitAddress(url)
  const address = new URL(plain)
  const given = address.searchParams.get('password') ?? (address.password === '' ? undefined : decodeURIComponent(address.password))
  for (const name of ['password', 'uselibpqcompat']) address.searchParams.delete(name)
  // A mode that only our client knows.
  if (address.searchParams.get('sslmode') === 'no-verify') address.searchParams.set('sslmode', 'require')
  address.password = ''
  return { address: address.href, password: fetch ? await fetch() : given }
}

/** The address with its password in it, for any client. */
export async function withPassword(url: string): Promise<string> {
  const { url: plain, fetch } = splitAddress(url)
  const address = new URL(plain)
  if (fetch) address.password = encodeURIComponent(await fetch())
  return fetch ? address.href : plain
}
