/** A backup that is restored is the same database, and nothing that is not whole looks as if it were. */

import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { withoutPassword } from '../../cli/db/reach.ts'
import { backup } from '../../db/operate/backup.ts'
import { findProgram } from '../../db/operate/client-programs.ts'
import { restore } from '../../db/operate/restore.ts'
import { serverVersions } from '../../db/operate/restore-check.ts'
import { connectClient } from '../../db/pool.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { temporaryDirectory } from '../support/process/recording.ts'
import { recordThroughJournal, wholeSession } from '../support/tape/through-journal.ts'

const FIRST_US = Date.UTC(2026, 10, 2, 15) * 1000

forEachEdition('a backup', ({ createTapeDatabase }) => {
  let url: string
  let client: pg.Client
  let folder: string
  let missing: string | undefined
  beforeAll(async () => {
    url = await createTapeDatabase()
    client = await connectClient(url)
    folder = await temporaryDirectory()
    await recordThroughJournal({ url, dataDir: join(folder, 'data'), sessionId: 1, records: wholeSession(FIRST_US, 50) })
    const { postgres } = await serverVersions(client)
    missing = await findProgram('pg_dump', postgres).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    )
  })
  afterAll(async () => {
    await client.end()
    await rm(folder, { recursive: true, force: true })
  })

  const at = async () => ({ url, address: await withoutPassword(url) })
  const files = async () => (await readdir(folder)).filter((name) => name !== 'data').sort()
  const named = (name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href
  const without = async (name: string) => {
    for (const database of [name, `${name}_restoring`]) await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  }

  it('needs programs of the version of the server, and names their package', async () => {
    await expect(findProgram('pg_dump', 99)).rejects.toThrow(/Expected pg_dump of version 99 or newer.*Install postgresql-client-99/)
    if (missing !== undefined)
      await expect(backup({ ...(await at()), file: join(folder, 'none') })).rejects.toThrow(/Install postgresql-client-/)
    expect(await files()).toEqual([])
  })

  describe('that is made', () => {
    it('is restored with every row, proved, under its name only then', async ({ skip }) => {
      if (missing !== undefined) return skip(missing)
      const file = join(folder, 'day.dump')
      const manifest = await backup({ ...(await at()), file })
      expect(await files()).toEqual(['day.dump', 'day.dump.json'])
      expect(manifest.rows['public.quotes']).toBeGreaterThan(50)
      await expect(backup({ ...(await at()), file })).rejects.toThrow(/a backup replaces nothing/)

      const name = `${new URL(url).pathname.slice(1)}_back`
      try {
        // What an interrupted restore has left is begun anew.
        await client.query(`CREATE DATABASE ${name}_restoring`)
        const restored = await restore({ ...(await at()), file, name })
        expect(restored).toEqual({ rows: Object.values(manifest.rows).reduce((sum, rows) => sum + rows, 0), sessions: 1 })
        const copy = await connectClient(named(name))
        const digest = `SELECT md5(string_agg(t::text, '|' ORDER BY ts, seq)) AS md5 FROM quotes t`
        expect((await copy.query(digest)).rows).toEqual((await client.query(digest)).rows)
        await copy.end()
        const left = await client.query('SELECT FROM pg_database WHERE datname = $1', [`${name}_restoring`])
        expect(left.rowCount).toBe(0)
        await expect(restore({ ...(await at()), file, name })).rejects.toThrow(/a restore replaces nothing/)
        await recordThroughJournal({
          url: named(name),
          dataDir: join(folder, 'data', 'more'),
          sessionId: 2,
          records: wholeSession(FIRST_US + 86_400_000_000, 5),
        })
      } finally {
        await without(name)
      }
    })

    it('and damaged, or without what tells of it, is refused before anything is made', async ({ skip }) => {
      if (missing !== undefined) return skip(missing)
      const file = join(folder, 'damaged.dump')
      await backup({ ...(await at()), file })
      const whole = await readFile(file)
      whole[whole.length >> 1] = (whole[whole.length >> 1] ?? 0) ^ 1
      await writeFile(file, whole)
      const name = `${new URL(url).pathname.slice(1)}_damaged`
      await expect(restore({ ...(await at()), file, name })).rejects.toThrow(/Expected .* as it was written .* take another copy/)
      await rm(`${file}.json`)
      await expect(restore({ ...(await at()), file, name })).rejects.toThrow(/a copy needs both/)
      expect((await client.query('SELECT FROM pg_database WHERE datname LIKE $1', [`${name}%`])).rowCount).toBe(0)
    })

    it('and interrupted leaves nothing that looks whole', async ({ skip }) => {
      if (missing !== undefined) return skip(missing)
      const before = await files()
      const abort = new AbortController()
      const stopped = backup({ ...(await at()), file: join(folder, 'cut.dump'), signal: abort.signal, onProgress: () => abort.abort() })
      await expect(stopped).rejects.toThrow(/abort/i)
      expect(await files()).toEqual(before)
    })

    it('that its rows do not fit keeps its unfinished name', async ({ skip }) => {
      if (missing !== undefined) return skip(missing)
      const file = join(folder, 'fewer.dump')
      const manifest = await backup({ ...(await at()), file })
      const rows = { ...manifest.rows, 'public.quotes': (manifest.rows['public.quotes'] ?? 0) + 1 }
      await writeFile(`${file}.json`, JSON.stringify({ ...manifest, rows }))
      const name = `${new URL(url).pathname.slice(1)}_fewer`
      try {
        await expect(restore({ ...(await at()), file, name })).rejects.toThrow(/public\.quotes: expected \d+, found \d+/)
        const { rows: left } = await client.query<{ name: string }>('SELECT datname AS name FROM pg_database WHERE datname LIKE $1', [
          `${name}%`,
        ])
        expect(left).toEqual([{ name: `${name}_restoring` }])
      } finally {
        await without(name)
      }
    })
  })
})
