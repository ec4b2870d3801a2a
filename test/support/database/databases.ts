/** Databases to test with: fresh ones, on every edition that is at hand. */

import { randomBytes } from 'node:crypto'

import pg from 'pg'
import { afterAll, describe, inject, it } from 'vitest'

import { migrate } from '../../../db/schema/migrate.ts'
import { connectClient } from '../../../db/pool.ts'
import { reconcileStorage } from '../../../db/schema/storage/reconcile.ts'
import type { EditionAtHand } from './editions.ts'

export interface Edition {
  name: string
  /** A new, empty database, dropped when the edition's tests are over. */
  createDatabase: () => Promise<string>
  /** The same with the schema in it and the storage that this server is capable of. */
  createTapeDatabase: () => Promise<string>
}

/**
 * Defines the tests of `define` once for each edition. An edition that is not at hand becomes one skipped test that says why.
 *
 * @param title what is tested, the subject of the sentence: `the migrator`
 */
export function forEachEdition(title: string, define: (edition: Edition) => void): void {
  const editions = inject('editions')
  for (const edition of editions.filter((edition) => 'url' in edition)) {
    describe(`${title}, on ${edition.name}`, () => {
      define(editionOf(edition))
    })
  }
  for (const edition of editions.filter((edition) => 'unavailable' in edition)) {
    it(`${title}, on ${edition.name}: ${edition.unavailable}`, ({ skip, expect }) => {
      skip()
      expect.unreachable()
    })
  }
}

/** To be called within a `describe`, which then drops what was created. */
function editionOf({ name, url }: Extract<EditionAtHand, { url: string }>): Edition {
  const databases: string[] = []
  afterAll(async () => {
    for (const database of databases) await asAdministrator(url, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  })
  const createDatabase = async () => {
    const database = `${inject('databasePrefix')}${randomBytes(4).toString('hex')}`
    await asAdministrator(url, `CREATE DATABASE ${database} TEMPLATE template0`)
    databases.push(database)
    const address = new URL(url)
    address.pathname = `/${database}`
    return address.href
  }
  const createTapeDatabase = async () => {
    const address = await createDatabase()
    const client = await connectClient(address)
    try {
      await migrate(client)
      await reconcileStorage(client)
    } finally {
      await client.end()
    }
    return address
  }
  return { name, createDatabase, createTapeDatabase }
}

async function asAdministrator(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
