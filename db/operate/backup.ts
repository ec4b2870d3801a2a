/**
 * A backup of the whole database in one file that pg_restore reads, and what is in it beside it: `FILE.json` with versions, rows of each
 * table as of the same moment, and a checksum. Both appear under their names when they are whole, checked and on disk; until then, and after
 * an interruption, there is only `.FILE.partial`.
 */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { TapedeckError } from '../../market/errors.ts'
import { connectClient } from '../pool.ts'
import { BEGIN_SNAPSHOT } from '../transaction.ts'
import { findProgram, runProgram } from './client-programs.ts'
import { countRows, serverVersions } from './restore-check.ts'

export interface Manifest {
  program: 'tapedeck'
  format: 1
  madeAt: string
  postgres: number
  /** Of the extension; null without. A restore needs the same. */
  timescale: string | null
  /** By table. */
  rows: Record<string, number>
  bytes: number
  sha256: string
}

export interface BackupOptions {
  url: string
  /** The address without the password, and the password. */
  address: { address: string; password: string | undefined }
  file: string
  onProgress?: ((what: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/** @throws TapedeckError `backup-exists`, `client-missing`, `program-failed`; a system error when the disk takes no more */
export async function backup({ url, address, file, onProgress = () => undefined, signal }: BackupOptions): Promise<Manifest> {
  for (const path of [file, `${file}.json`])
    if (await stat(path).catch(() => undefined))
      throw new TapedeckError(`Expected no ${path} yet, found one: a backup replaces nothing. Name another file.`, {
        code: 'backup-exists',
      })
  const client = await connectClient(url)
  const partial = join(dirname(file), `.${basename(file)}.partial`)
  try {
    const { postgres, timescale } = await serverVersions(client)
    const dump = await findProgram('pg_dump', postgres)
    const list = await findProgram('pg_restore', postgres)
    await client.query(BEGIN_SNAPSHOT)
    const { rows } = await client.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot')
    onProgress('counting rows')
    const counted = await countRows(client)
    const args = ['--format=custom', '--verbose', `--snapshot=${rows[0]?.snapshot}`, `--file=${partial}`, '--dbname', address.address]
    await runProgram(dump, { args, password: address.password, signal, onLine: (line) => progressOf(line, onProgress) })
    onProgress('checking')
    const contents = await runProgram(list, { args: ['--list', partial], password: undefined, signal })
    if (!contents.includes('TABLE DATA')) throw new TapedeckError('The backup was checked and holds no data.', { code: 'backup-empty' })
    const { bytes, sha256 } = await settle(partial)
    const madeAt = new Date().toISOString()
    const manifest: Manifest = { program: 'tapedeck', format: 1, madeAt, postgres, timescale, rows: counted, bytes, sha256 }
    await writeFile(`${partial}.json`, `${JSON.stringify(manifest, undefined, 2)}\n`, { flush: true })
    // The file without what tells of it is no backup yet; the other way round it would look like one.
    await rename(`${partial}.json`, `${file}.json`)
    await rename(partial, file)
    await syncFolder(dirname(file))
    return manifest
  } catch (error) {
    for (const path of [partial, `${partial}.json`]) await rm(path, { force: true }).catch(() => undefined)
    throw error
  } finally {
    await client.end().catch(() => undefined)
  }
}

function progressOf(line: string, tell: (what: string) => void): void {
  const table = /dumping contents of table "(.*)"$/.exec(line)?.[1]
  if (table) tell(table.replace('public.', ''))
}

/** On disk, with its size and checksum. */
async function settle(path: string): Promise<{ bytes: number; sha256: string }> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  return { bytes: (await stat(path)).size, sha256: await fileHash(path) }
}

export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path)) hash.update(part as Buffer)
  return hash.digest('hex')
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
