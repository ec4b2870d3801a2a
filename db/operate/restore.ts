/**
 * Restores a backup into a database that is new:
 *
 *   absent -> NAME_restoring (made, filled, compared) -> NAME
 *
 * Until everything has been compared the database has another name, so that no collector writes into it, and so that one whose restore was
 * interrupted is known by its name; the same restore again begins anew.
 */

import { readFile, stat } from 'node:fs/promises'

import pg from 'pg'

import { TapedeckError } from '../../market/errors.ts'
import { connectClient } from '../pool.ts'
import { verifySessions } from '../verify/verify.ts'
import { fileHash, type Manifest } from './backup.ts'
import { findProgram, runProgram } from './client-programs.ts'
import { countRows, differentCounts, serverVersions } from './restore-check.ts'

export interface RestoreOptions {
  /** Of any database on the server; its role may make databases. */
  url: string
  /** The same address without the password, and the password. */
  address: { address: string; password: string | undefined }
  file: string
  /** Of the new database. */
  name: string
  onProgress?: ((what: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * Returns how many rows there are, and how many sessions were proved.
 *
 * @throws TapedeckError `backup-damaged`, `database-exists`, `other-timescale`, `client-missing`, `program-failed`, `restore-differs`
 */
export async function restore(options: RestoreOptions): Promise<{ rows: number; sessions: number }> {
  const { url, address, file, name, onProgress = () => undefined, signal } = options
  const manifest = await readManifest(file)
  onProgress('checking the backup')
  await checkFile(file, manifest)
  const admin = await connectClient(url)
  const unfinished = `${name}_restoring`
  try {
    await refuseExisting(admin, name)
    const { postgres } = await serverVersions(admin)
    const program = await findProgram('pg_restore', Math.max(postgres, manifest.postgres))
    await admin.query(`DROP DATABASE IF EXISTS ${quoted(unfinished)}`)
    await admin.query(`CREATE DATABASE ${quoted(unfinished)} TEMPLATE template0`)
    const inside = (whole: string) => Object.assign(new URL(whole), { pathname: `/${encodeURIComponent(unfinished)}` }).href
    await prepare(inside(url), manifest)
    const args = ['--no-owner', '--no-acl', '--exit-on-error', '--verbose', '--dbname', inside(address.address), file]
    await runProgram(program, { args, password: address.password, signal, onLine: (line) => progressOf(line, onProgress) })
    const found = await compare(inside(url), manifest, onProgress)
    await refuseExisting(admin, name)
    await admin.query(`ALTER DATABASE ${quoted(unfinished)} RESET ALL`)
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [unfinished])
    await admin.query(`ALTER DATABASE ${quoted(unfinished)} RENAME TO ${quoted(name)}`)
    return found
  } finally {
    await admin.end().catch(() => undefined)
  }
}

const quoted = (name: string) => pg.escapeIdentifier(name)

async function readManifest(file: string): Promise<Manifest> {
  const text = await readFile(`${file}.json`, 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new TapedeckError(`Expected ${file}.json, which \`tapedeck db backup\` writes beside ${file}, found none: a copy needs both.`, {
      code: 'backup-damaged',
    })
  return JSON.parse(text) as Manifest
}

async function checkFile(file: string, { bytes, sha256 }: Manifest): Promise<void> {
  const size = (await stat(file)).size
  if (size === bytes && (await fileHash(file)) === sha256) return
  throw new TapedeckError(`Expected ${file} as it was written (${bytes} bytes), found ${size} bytes or other content: take another copy.`, {
    code: 'backup-damaged',
  })
}

async function refuseExisting(admin: pg.Client, name: string): Promise<void> {
  const { rows } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name])
  if (rows.length > 0)
    throw new TapedeckError(
      `Expected no database ${name} yet, found one: a restore replaces nothing. Name another (--into), or drop it yourself.`,
      {
        code: 'database-exists',
      },
    )
}

/** TimescaleDB stands still while its own tables are filled, and must be the version whose tables they are. */
async function prepare(url: string, { timescale }: Manifest): Promise<void> {
  if (timescale === null) return
  const client = await connectClient(url)
  try {
    await client.query(`CREATE EXTENSION timescaledb VERSION ${pg.escapeLiteral(timescale)}`).catch((cause: unknown) => {
      throw new TapedeckError(
        `The backup is of TimescaleDB ${timescale}, which this server cannot make: ${cause instanceof Error ? cause.message : String(cause)}. ` +
          'Install that version here, restore, and update it afterwards.',
        { code: 'other-timescale', cause },
      )
    })
    await client.query('SELECT timescaledb_pre_restore()')
  } finally {
    await client.end()
  }
}

function progressOf(line: string, tell: (what: string) => void): void {
  const table = /processing data for table "(.*)"$/.exec(line)?.[1]
  if (table) tell(table.replace('public.', ''))
}

async function compare(url: string, manifest: Manifest, onProgress: (what: string) => void): Promise<{ rows: number; sessions: number }> {
  const client = await connectClient(url)
  let rows: number
  try {
    if (manifest.timescale !== null) await client.query('SELECT timescaledb_post_restore()')
    await client.query('ANALYZE')
    onProgress('counting rows')
    const found = await countRows(client)
    const different = differentCounts(manifest.rows, found)
    if (different.length > 0) throw differs(different.join('; '))
    rows = Object.values(found).reduce((sum, count) => sum + count, 0)
  } finally {
    await client.end()
  }
  let sessions = 0
  for await (const { sessionId, problemCount } of verifySessions({ url, query: { sessionId: 'all' } })) {
    onProgress(`proving session ${sessionId}`)
    if (problemCount > 0)
      throw differs(`session ${sessionId} has ${problemCount} problems; \`tapedeck verify\` on that database lists them`)
    sessions++
  }
  return { rows, sessions }
}

const differs = (what: string) =>
  new TapedeckError(`What was restored is not what was backed up: ${what}. It stays under its unfinished name for a look.`, {
    code: 'restore-differs',
  })
