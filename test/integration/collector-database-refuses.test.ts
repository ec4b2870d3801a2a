/** A database that is reachable and refuses what is recorded: the log says what to do, the ticks wait in the journal, and no restart is needed. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'

const LINES = CONTRACTS.length
const ERROR = 50

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(busyQuotes(60_000, 10 * MS_US)))
})
afterAll(() => room.clear())

interface Trouble {
  /** Statements of an administrator; `$role` and `$database` are the recorder's. */
  begin: string[]
  end: string[]
  /** What the log says to do. */
  saying: RegExp
  /** Logged as an error: it does not recover by itself. */
  needsPerson: boolean
}

const TROUBLES: Record<string, Trouble> = {
  'gives the role no rights': {
    begin: ['REVOKE ALL ON ALL TABLES IN SCHEMA public, tapedeck FROM $role'],
    end: ['GRANT ALL ON ALL TABLES IN SCHEMA public, tapedeck TO $role'],
    saying: /permission denied .*42501.* Grant the role/,
    needsPerson: true,
  },
  'has another password for the role': {
    begin: ["ALTER ROLE $role PASSWORD 'another one'"],
    end: ["ALTER ROLE $role PASSWORD 'secret-word'"],
    saying: /28P01.* Correct user and password/,
    needsPerson: true,
  },
  'is of a newer version': {
    begin: ["INSERT INTO tapedeck.schema_migrations (number, name, checksum) VALUES (999999, '999999_later', '')"],
    end: ['DELETE FROM tapedeck.schema_migrations WHERE number = 999999'],
    saying: /It was used by a newer version of tapedeck\. Install/,
    needsPerson: true,
  },
  'is read-only': {
    begin: ['ALTER DATABASE $database SET default_transaction_read_only = on'],
    end: ['ALTER DATABASE $database RESET default_transaction_read_only'],
    saying: /25006.* The server is read-only/,
    needsPerson: false,
  },
  'has lost a table': {
    begin: ['ALTER TABLE quotes RENAME TO quotes_elsewhere'],
    end: ['ALTER TABLE quotes_elsewhere RENAME TO quotes'],
    saying: /42P01.* Run `tapedeck db migrate`/,
    needsPerson: true,
  },
  'takes no more connections': {
    begin: ['ALTER ROLE $role CONNECTION LIMIT 0'],
    end: ['ALTER ROLE $role CONNECTION LIMIT -1'],
    saying: /53300.* Raise max_connections/,
    needsPerson: false,
  },
  'is not there': {
    begin: ['ALTER DATABASE $database RENAME TO $database_elsewhere'],
    end: ['ALTER DATABASE $database_elsewhere RENAME TO $database'],
    saying: /3D000.* Create the database/,
    needsPerson: true,
  },
}

forEachEdition('a collector whose database', (edition) => {
  it.for(Object.entries(TROUBLES))(
    '%s keeps everything in its journal, says what to do, and writes it when that is done',
    async ([, trouble], { skip }) => {
      const databaseUrl = await edition.createTapeDatabase()
      const database = new URL(databaseUrl).pathname.slice(1)
      const role = `${database}_recorder`
      const { address, administer } = await recorderOf(databaseUrl, database, role)
      const asksForPasswords = await connectClient(Object.assign(new URL(address), { password: 'wrong' }).href).then(
        (client) => client.end().then(() => false),
        () => true,
      )
      skip(trouble.saying.source.includes('28P01') && !asksForPasswords, 'this server asks for no password')
      await administer(trouble.begin)

      const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 10 })
      const collector = await startCollecting({ port, databaseUrl: address })
      const line = await collector.said('the database does not take ticks')
      expect(line['reason']).toMatch(trouble.saying)
      expect(line['reason']).not.toContain('secret-word')
      expect(line.level >= ERROR).toBe(trouble.needsPerson)
      const { counts } = await collector.until('ticks wait', ({ counts }) => counts.received > 300)
      expect(counts).toMatchObject({ written: 0 })

      await administer(trouble.end)
      await collector.until('they are written', ({ counts }) => counts.written > 300)
      const ended = await collector.stop()
      expect(ended.counts.inFlight).toBe(0)
      expect(
        await ask(
          databaseUrl,
          'SELECT (SELECT count(*) FROM quotes)::int AS quotes, (SELECT count(*) FROM rejected_ticks)::int AS rejected',
        ),
      ).toEqual([{ quotes: ended.counts.written, rejected: ended.counts.quarantined }])
    },
  )

  /** The address of a role that may write, and what runs statements as an administrator, out of the database itself. */
  async function recorderOf(databaseUrl: string, database: string, role: string) {
    const elsewhere = new URL(databaseUrl)
    elsewhere.pathname = '/postgres'
    const address = new URL(databaseUrl)
    address.username = role
    address.password = 'secret-word'
    const administer = async (statements: string[]) => {
      for (const statement of statements) {
        const client = await connectClient(/ALTER (DATABASE|ROLE)|CREATE ROLE|DROP ROLE/.test(statement) ? elsewhere.href : databaseUrl)
        try {
          if (statement.includes('RENAME TO') && statement.includes('DATABASE'))
            await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()', [
              database,
            ])
          await client.query(statement.replaceAll('$role', role).replaceAll('$database', database))
        } finally {
          await client.end()
        }
      }
    }
    await administer([
      "CREATE ROLE $role LOGIN PASSWORD 'secret-word'",
      'GRANT ALL ON ALL TABLES IN SCHEMA public, tapedeck TO $role',
      'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO $role',
      'GRANT USAGE ON SCHEMA public, tapedeck TO $role',
    ])
    onTestFinished(async () => {
      await administer(['DROP OWNED BY $role', 'DROP ROLE $role'])
    })
    return { address: address.href, administer }
  }
})

it('a collector whose database is no PostgreSQL at all says so and keeps everything in its journal', async () => {
  const server = createServer((_, response) => response.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 10 })
  const databaseUrl = `postgresql://nobody:secret-word@127.0.0.1:${(server.address() as AddressInfo).port}/tapedeck`
  const collector = await startCollecting({ port, databaseUrl, drainTimeoutMs: 10 })
  const { reason } = await collector.said('the database does not take ticks')
  expect(reason).toMatch(/gave no connection: .*Check that/)
  expect(reason).not.toContain('secret-word')
  await collector.until('ticks wait', ({ counts }) => counts.inFlight > 300)
  await collector.force()
  expect((await collector.unreleased()).length).toBeGreaterThan(0)
})
