/**
 * Starts the editions of the database that are at hand, once for a run of a project's tests, and passes their addresses to the tests.
 * The embedded server is always there, or the run fails.
 */

import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pg from 'pg'
import type { TestProject } from 'vitest/node'

import { packagedBinaries } from '../../../db/embedded/binaries.ts'
import { startEmbedded } from '../../../db/embedded/server.ts'
import { type EditionAtHand, EMBEDDED } from './editions.ts'
import { startTimescaleContainer } from './timescale-container.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    editions: EditionAtHand[]
    /** Begins the names of all databases that this run makes. */
    databasePrefix: string
  }
}

/** Returns what stops them again. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-editions-'))
  // The server may run as another user.
  await chmod(folder, 0o755)
  const logger = { info: () => undefined, warn: () => undefined }
  // Not the machine's own server, which may have TimescaleDB: this edition is the plain one.
  const starting = startEmbedded({ dataDir: join(folder, 'data'), logger, find: () => packagedBinaries() })
  const [embedded, container] = await Promise.allSettled([starting, startTimescaleContainer()])
  const given = process.env['TEST_DATABASE_URL']
  const databasePrefix = `tapedeck_${randomBytes(4).toString('hex')}_`
  const stop = async () => {
    // What a benchmark or a killed test left behind; the other servers vanish with their databases.
    if (given) await dropDatabases(given, databasePrefix)
    if (embedded.status === 'fulfilled') await embedded.value.close()
    if (container.status === 'fulfilled' && 'stop' in container.value) await container.value.stop()
    await rm(folder, { recursive: true, force: true })
  }
  if (embedded.status === 'rejected' || container.status === 'rejected') {
    await stop()
    throw embedded.status === 'rejected' ? embedded.reason : container.status === 'rejected' && container.reason
  }
  project.provide('databasePrefix', databasePrefix)
  const editions = [
    { name: EMBEDDED, url: embedded.value.url },
    { name: 'TimescaleDB in a container', ...('url' in container.value ? { url: container.value.url } : container.value) },
    { name: 'TEST_DATABASE_URL', ...(given ? { url: given } : { unavailable: 'TEST_DATABASE_URL is not set' }) },
  ]
  project.provide('editions', editions.map(unlessLeftOut))
  return stop
}

/** CI tests in two runs, with TEST_EDITIONS `plain` in one and `timescaledb` in the other. */
function unlessLeftOut(edition: EditionAtHand): EditionAtHand {
  const wished = process.env['TEST_EDITIONS']
  if (wished === undefined || (wished === 'plain') === (edition.name === EMBEDDED)) return edition
  return { name: edition.name, unavailable: `TEST_EDITIONS is ${wished}` }
}

async function dropDatabases(url: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>('SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)', [
      prefix,
    ])
    for (const { name } of rows) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  } finally {
    await client.end()
  }
}
