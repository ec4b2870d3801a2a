/**
 * The files of the private database in a data directory, and how they come to be.
 *
 *   <dataDir>/postgres/            appears whole, by one rename, or not at all
 *     data/                        the cluster; belongs to the server's user
 *     password                     of the role `tapedeck`, readable by us only
 *     port                         of the last start, for the next
 *     needs-timescaledb            present once the server has run with TimescaleDB: it may hold hypertables from then on
 *   <dataDir>/postgres.log .log.1  what the server says
 *   <dataDir>/postgres.lock        held while a process makes, starts or stops it
 *   <dataDir>/pg-<version>/        a copy of the programs, where the package's own cannot be used
 */

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, chown, mkdir, mkdtemp, open, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ConfigError, WriteError } from '../../market/errors.ts'
import type { Binaries, ClusterNeeds } from './binaries.ts'
import { run, type SystemUser } from './run.ts'

/** Role and database. */
export const OWNER = 'tapedeck'

const NEW_CLUSTER = 'postgres.new-'
const NEW_COPY = 'pg-copy-'

export interface ClusterPaths {
  dataDir: string
  home: string
  data: string
  password: string
  port: string
  needsTimescaledb: string
  log: string
  lock: string
}

/** @param dataDir with symbolic links resolved, so that every process names it alike */
export function clusterPaths(dataDir: string): ClusterPaths {
  const home = join(dataDir, 'postgres')
  return {
    dataDir,
    home,
    data: join(home, 'data'),
    password: join(home, 'password'),
    port: join(home, 'port'),
    needsTimescaledb: join(home, 'needs-timescaledb'),
    log: `${home}.log`,
    lock: `${home}.lock`,
  }
}

/** Whether a server was made there before. */
export function clusterExists(dataDir: string): Promise<boolean> {
  return exists(clusterPaths(dataDir).home)
}

/**
 * Makes `dataDir` where it is missing and returns its real path. As root the folders made are open to enter whatever our umask is:
 * the server runs as another user.
 *
 * @throws ConfigError `embedded-data-directory` when it cannot be made
 */
export async function makeDataDir(dataDir: string): Promise<string> {
  const path = resolve(dataDir)
  try {
    const topmost = await makeFolders(path)
    if (topmost !== undefined && process.getuid?.() === 0) {
      for (let made = path; made.length >= topmost.length; made = dirname(made)) await chmod(made, 0o755)
    }
    await access(path, constants.W_OK | constants.X_OK)
    return await realpath(path)
  } catch (error) {
    throw new ConfigError(
      `Expected a data directory at ${path} that we may write to: ${(error as Error).message}. Choose another (TAPEDECK_DATA_DIR).`,
      {
        code: 'embedded-data-directory',
        cause: error,
      },
    )
  }
}

/**
 * Makes a folder and those above it; returns the topmost that was not there. Node's own recursive mkdir never returns where a folder
 * takes no new one and says ENOENT, as /proc does.
 */
async function makeFolders(path: string): Promise<string | undefined> {
  const isThere = async () => (await stat(path).catch(() => undefined))?.isDirectory() === true
  if (await isThere()) return undefined
  const topmost = await makeFolders(dirname(path))
  await mkdir(path).catch(async (error: unknown) => {
    // Another process made it meanwhile.
    if (!(await isThere())) throw error
  })
  return topmost ?? path
}

/**
 * What the cluster that is there needs; `undefined` when there is none yet.
 *
 * @throws ConfigError `embedded-broken-cluster` when the folder is there and is no cluster
 */
export async function clusterNeeds(paths: ClusterPaths): Promise<ClusterNeeds | undefined> {
  if (!(await exists(paths.home))) return undefined
  const file = join(paths.data, 'PG_VERSION')
  const major = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10)
  if (Number.isInteger(major)) return { major, timescaledb: await exists(paths.needsTimescaledb) }
  throw new ConfigError(
    `Expected a version in ${file}, found none: ${paths.home} is no database. Move that folder away to begin an empty one, or restore it.`,
    {
      code: 'embedded-broken-cluster',
    },
  )
}

/**
 * Makes an empty cluster. To be called under the lock: whatever an earlier, killed call left is removed.
 *
 * @throws WriteError `embedded-initdb-failed` with what initdb said
 */
export async function createCluster(paths: ClusterPaths, binaries: Binaries, user: SystemUser | undefined): Promise<void> {
  const home = await mkdtemp(join(paths.dataDir, NEW_CLUSTER))
  const temporary = { data: join(home, 'data'), password: join(home, 'password') }
  if (user !== undefined) await chmod(home, 0o711)
  await mkdir(temporary.data, { mode: 0o700 })
  await writeFile(temporary.password, randomBytes(24).toString('hex'), { mode: 0o600, flush: true })
  if (user !== undefined) {
    await chown(temporary.data, user.uid, user.gid)
    await chown(temporary.password, user.uid, user.gid)
  }
  const args = ['--no-locale', '--encoding=UTF8', '--auth=scram-sha-256', '--data-checksums', '--no-instructions']
  args.push(`--username=${OWNER}`, `--pwfile=${temporary.password}`, '-D', temporary.data)
  const initdb = await run(join(binaries.binDir, 'initdb'), args, user)
  if (!initdb.ok) {
    await rm(home, { recursive: true, force: true })
    throw new WriteError(`${join(binaries.binDir, 'initdb')} could not make a database in ${paths.dataDir}:\n${initdb.output.trim()}`, {
      code: 'embedded-initdb-failed',
    })
  }
  if (user !== undefined) await chown(temporary.password, 0, 0)
  await syncFolder(home)
  await rename(home, paths.home)
  await syncFolder(paths.dataDir)
}

/** Removes what a killed process left half made. To be called under the lock. */
export async function sweepLeftovers(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(NEW_CLUSTER) && !name.startsWith(NEW_COPY)) continue
    // An initdb whose parent was killed may still be writing in there, for a moment.
    await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

/** @throws ConfigError `embedded-no-password` when the file is gone */
export async function readPassword(paths: ClusterPaths): Promise<string> {
  try {
    return (await readFile(paths.password, 'utf8')).trim()
  } catch (error) {
    throw new ConfigError(
      `Expected the database's password in ${paths.password}: ${(error as Error).message}. Restore that file from a backup of ${paths.home}.`,
      {
        code: 'embedded-no-password',
        cause: error,
      },
    )
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
