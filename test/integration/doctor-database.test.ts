/** What the doctor says of databases that are well, empty, too new, not ours to write, or set to take no writes. */

import { expect, it, onTestFinished } from 'vitest'

import { checkDatabase } from '../../collector/doctor/database.ts'
import type { Finding } from '../../collector/doctor/finding.ts'
import { connectClient } from '../../db/pool.ts'
import { ask } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'

async function findings(url: string): Promise<Record<string, Finding>> {
  const found: Record<string, Finding> = {}
  for await (const finding of checkDatabase({ dataDir: '/nowhere', url })) found[finding.check] = finding
  return found
}

forEachEdition('the doctor', (edition) => {
  it('finds a database in order, and names its edition', async () => {
    expect(await findings(await edition.createTapeDatabase())).toEqual({
      database: { check: 'database', state: 'ok', found: expect.stringMatching(/: PostgreSQL \d+.*, (no TimescaleDB|TimescaleDB .*)$/) },
      tables: { check: 'tables', state: 'ok', found: expect.stringMatching(/^up to date \(\d{6}_\w+\)$/) },
      'database clock': { check: 'database clock', state: 'ok', found: expect.any(String) },
    })
  })

  it('takes missing tables for no fault, and makes none', async () => {
    const url = await edition.createDatabase()
    expect((await findings(url))['tables']).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('`tapedeck collect` applies them'),
    })
    expect(await ask(url, "SELECT FROM pg_tables WHERE schemaname IN ('public', 'tapedeck')")).toEqual([])
  })

  it('says that a database was used by a newer version', async () => {
    const url = await edition.createTapeDatabase()
    await ask(url, "INSERT INTO tapedeck.schema_migrations (number, name, checksum) VALUES (999, '000999_later', 'x')")
    expect((await findings(url))['database']).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('newer version of tapedeck'),
    })
  })

  it('says what to grant to a role that may make no tables, or write to none', async () => {
    const role = `tapedeck_poor_${edition.name.length}_${process.pid}`
    const reading = `GRANT USAGE ON SCHEMA tapedeck TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA tapedeck TO ${role}`
    for (const [create, grant, expected] of [
      [() => edition.createDatabase(), 'SELECT', /may not create tables/],
      [() => edition.createTapeDatabase(), 'SELECT', /permission denied for schema tapedeck/],
      [() => edition.createTapeDatabase(), reading, /may not write to them/],
    ] as const) {
      const url = await create()
      await ask(url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret-word'`)
      await ask(url, `GRANT USAGE ON SCHEMA public TO ${role}`)
      await ask(url, grant)
      const poor = Object.assign(new URL(url), { username: role, password: 'secret-word' })
      try {
        const { tables, database } = await findings(poor.href)
        expect(tables ?? database).toMatchObject({ state: 'failed', found: expect.stringMatching(expected), todo: expect.any(String) })
      } finally {
        await ask(url, `DROP OWNED BY ${role}`)
        await ask(url, `DROP ROLE ${role}`)
      }
    }
  })

  it('says that a database takes no writes', async () => {
    const url = await edition.createTapeDatabase()
    const { pathname } = new URL(url)
    await ask(url, `ALTER DATABASE ${pathname.slice(1)} SET default_transaction_read_only = on`)
    const client = await connectClient(url)
    onTestFinished(() => client.end())
    expect((await findings(url))['tables']).toMatchObject({ state: 'failed', found: expect.stringContaining('takes no writes') })
  })
})
