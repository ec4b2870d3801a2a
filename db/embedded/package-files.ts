/**
 * Makes the npm package's programs runnable. The shared libraries' links are not in the package: an install script makes
 * them from `pg-symlinks.json`, and npm may be configured to skip install scripts. We make what is missing, or copy the programs
 * to where the server's user can reach them.
 */

import { randomBytes } from 'node:crypto'
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Binaries } from './binaries.ts'
import { copyDir } from './binaries.ts'
import { type SystemUser, run } from './run.ts'

/**
 * @param user the server's user when we are root: it may be shut out of the package's folder, so it always gets a copy
 * @returns the same programs when they can run where they are, else those of the copy in `dataDir`
 */
export async function makeRunnable(binaries: Binaries, dataDir: string, user: SystemUser | undefined): Promise<Binaries> {
  if (binaries.origin !== 'package') return binaries
  const packageDir = dirname(dirname(binaries.binDir))
  if (user !== undefined) return copyPackage(binaries, packageDir, dataDir, user)
  try {
    await linkLibraries(packageDir, join(packageDir, 'native'))
    return binaries
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    return copyPackage(binaries, packageDir, dataDir, user)
  }
}

/** Makes the links that are missing in `native`, a folder like the package's own. Several processes may do it at once. */
async function linkLibraries(packageDir: string, native: string): Promise<void> {
  const links = JSON.parse(await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const link of links) {
    const path = join(native, relative('native', link.target))
    if (await exists(path)) continue
    // Renamed into place, so that a dangling link is replaced and a second process at the same work does no harm.
    const made = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`
    await symlink(relative(dirname(link.target), link.source), made)
    await rename(made, path)
  }
}

async function copyPackage(binaries: Binaries, packageDir: string, dataDir: string, user: SystemUser | undefined): Promise<Binaries> {
  const folder = copyDir(dataDir, binaries.version)
  const copy: Binaries = { ...binaries, binDir: join(folder, 'bin'), origin: 'copy' }
  // A copy made just before a power failure may have lost its content: what does not run is copied again.
  const runs = await run(join(copy.binDir, 'postgres'), ['--version'], user)
  if (runs.ok) return copy

  const temporary = await mkdtemp(join(dataDir, 'pg-copy-'))
  const native = join(packageDir, 'native')
  await cp(native, temporary, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') })
  await openToAll(temporary)
  await linkLibraries(packageDir, temporary)
  await rm(folder, { recursive: true, force: true })
  await rename(temporary, folder)
  return copy
}

/** A package installed under a strict umask is closed to other users, so is a folder of mkdtemp; a read-only one would take no links. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755)
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
