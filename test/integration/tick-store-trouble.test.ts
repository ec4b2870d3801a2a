import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { migrate, migrateDown } from '../../db/schema/migrate.ts'
import { createTickStore, type StoredBatch, type TickStore, type TickStoreOptions } from '../../db/write/tick-store.ts'
import { WriteError } from '../../market/errors.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { startPostgresProxy } from '../support/database/tcp-proxy.ts'
import { block, contractOf, quotes } from '../support/tape/ticks.ts'
import { flagged } from '../support/tape/verdicts.ts'
import { PATIENTLY } from '../support/waiting.ts'

/** A store with a pool of its own, closed when the test is over. */
function storeOf(url: string, options: Omit<TickStoreOptions, 'pool'> = {}): TickStore {
  const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
  onTestFinished(() => pool.end())
  return createTickStore({ pool, ...options })
}

async function failureOf(work: Promise<unknown>): Promise<WriteError> {
  const error: unknown = await work.then(
    () => new Error('nothing failed'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(WriteError)
  return error as WriteError
}

forEachEdition('the tick store in trouble', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  let sessionId = 1
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
  })
  afterAll(() => admin.end())
  beforeEach(() => {
    sessionId++
  })

  /** Batch `batchNo` is ten quotes. */
  const store = (batchNo: number, tickStore: TickStore): Promise<StoredBatch> =>
    tickStore.store({ sessionId, batchNo, blocks: [block(quotes(batchNo * 10, 10))] }, contractOf)
  const storedRows = async () => {
    const { rows } = await admin.query<{ seqs: number; rows: number }>(
      `SELECT count(DISTINCT seq)::int AS seqs, count(*)::int AS rows FROM quotes WHERE session_id = ${sessionId}`,
    )
    expect(rows[0]?.seqs).toBe(rows[0]?.rows)
    return rows[0]?.rows
  }
  const waitingForLock = async () => {
    const { rows } = await admin.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    return rows.length
  }

  describe('a connection that breaks', () => {
    const proxied = async (options: Omit<TickStoreOptions, 'pool'> = {}) => {
      const proxy = await startPostgresProxy(url)
      const tickStore = storeOf(proxy.url(url), options)
      onTestFinished(() => proxy.close())
      return { proxy, tickStore }
    }

    it('in the middle of the rows leaves nothing behind, and the next attempt writes all', async () => {
      const { proxy, tickStore } = await proxied()
      const hold = proxy.holdCopyData()
      const failed = failureOf(store(1, tickStore))
      await hold.reached
      hold.cut()
      expect(await failed).toMatchObject({ retryable: true, code: 'database-unreachable' })
      expect(await store(1, tickStore)).toMatchObject({ alreadyCommitted: false })
      expect(await storedRows()).toBe(10)
    })

    it('before the reply to COMMIT is settled by the marker', async () => {
      const { proxy, tickStore } = await proxied()
      const hold = proxy.holdReplyToCommit()
      const failed = failureOf(store(1, tickStore))
      await hold.reached
      hold.cut()
      expect((await failed).retryable).toBe(true)
      expect(await store(1, tickStore)).toMatchObject({ alreadyCommitted: true, acceptedTicks: 10 })
      expect(await storedRows()).toBe(10)
    })

    it('while the server has yet to commit makes the next attempt wait for the old transaction', async () => {
      const { proxy, tickStore } = await proxied()
      const hold = proxy.holdCommit()
      const failed = failureOf(store(1, tickStore))
      await hold.reached
      hold.cutClient()
      expect((await failed).retryable).toBe(true)
      const retry = store(1, tickStore)
      await expect.poll(waitingForLock, PATIENTLY).toBe(1)
      hold.release()
      expect(await retry).toMatchObject({ alreadyCommitted: true, acceptedTicks: 10 })
      expect(await storedRows()).toBe(10)
    })

    it('while the server has yet to commit and never will lets the next attempt write', async () => {
      const { proxy, tickStore } = await proxied()
      const hold = proxy.holdCommit()
      const failed = failureOf(store(1, tickStore))
      await hold.reached
      hold.cutClient()
      await failed
      const retry = store(1, tickStore)
      await expect.poll(waitingForLock, PATIENTLY).toBe(1)
      hold.cut()
      expect(await retry).toMatchObject({ alreadyCommitted: false, acceptedTicks: 10 })
      expect(await storedRows()).toBe(10)
    })

    it('without a word is given up after a while', async () => {
      const { proxy, tickStore } = await proxied({ limitMs: 300 })
      const hold = proxy.holdReplyToCommit()
      const error = await failureOf(store(1, tickStore))
      await hold.reached
      expect(error).toMatchObject({ retryable: true })
      expect(error.message).toMatch(/did not take a batch: no answer within 0.3 s/)
      expect(await store(1, tickStore)).toMatchObject({ alreadyCommitted: true })
    })

    it('is not used again: every lane goes on after all connections were cut', async () => {
      const { proxy, tickStore } = await proxied()
      await Promise.all([store(1, tickStore), store(2, tickStore)])
      proxy.cut()
      expect((await failureOf(store(3, tickStore))).retryable).toBe(true)
      proxy.resume()
      await Promise.all([store(3, tickStore), store(4, tickStore)])
      expect(await storedRows()).toBe(40)
    })
  })

  it('asks for the numbers of instruments and rules anew when it finds other tables', async () => {
    const own = await createTapeDatabase()
    const client = await connectClient(own)
    onTestFinished(() => client.end())
    const tickStore = storeOf(own)
    const ticks = quotes(1, 10).map((tick) => ({ ...tick, verdict: flagged('spike', 'far') }))
    const write = () => tickStore.store({ sessionId, batchNo: 1, blocks: [block(ticks)] }, contractOf)
    await write()
    await migrateDown(client, { to: 0, loseRows: true })
    expect(await failureOf(write())).toMatchObject({ retryable: false })
    await migrate(client)
    await client.query(
      "INSERT INTO rules VALUES (0, 'other'); INSERT INTO instruments (key, kind, symbol, currency) VALUES ('stock:A:USD', 'stock', 'A', 'USD')",
    )
    expect(await write()).toMatchObject({ acceptedTicks: 10 })
    const { rows } = await client.query(
      "SELECT bool_and(i.symbol <> 'A') AS named, bool_and(q.rules = 1 << r.bit) AS spiked FROM quotes q LEFT JOIN instruments i USING (instrument_id), rules r WHERE r.name = 'spike'",
    )
    expect(rows).toEqual([{ named: true, spiked: true }])
  })

  describe('a failure', () => {
    /** The address of a role that may do nothing. */
    const poorRole = async () => {
      const role = `tapedeck_poor_${sessionId}_${new URL(url).pathname.slice(-6)}`
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret-word'`)
      onTestFinished(async () => {
        await admin.query(`DROP ROLE ${role}`)
      })
      const address = new URL(url)
      address.username = role
      address.password = 'secret-word'
      return address
    }

    it('names what to do when the role has no rights', async () => {
      const error = await failureOf(store(1, storeOf((await poorRole()).href)))
      expect(error).toMatchObject({ retryable: false, code: 'database-refused' })
      expect(error.message).toMatch(/permission denied .*42501.* Grant the role/)
    })

    it('names what to do when the password is wrong, without showing it', async ({ skip }) => {
      const address = await poorRole()
      address.password = 'wrong-word'
      const connected = await connectClient(address.href).catch(() => undefined)
      await connected?.end()
      skip(connected !== undefined, 'this server asks for no password')
      const error = await failureOf(store(1, storeOf(address.href)))
      expect(error.retryable).toBe(false)
      expect(error.message).toMatch(/28P01.*Correct user and password/)
      expect(error.message).not.toContain('wrong-word')
    })

    it('names what to do when the database is not migrated or not there', async () => {
      const address = new URL(url)
      address.pathname = '/postgres'
      expect((await failureOf(store(1, storeOf(address.href)))).message).toContain('Run `tapedeck db migrate`')
      address.pathname = '/nowhere_at_all'
      expect((await failureOf(store(1, storeOf(address.href)))).message).toContain('Create the database')
    })

    it('can be retried when nothing listens on the port', async () => {
      const address = new URL(url)
      address.port = '1'
      const error = await failureOf(store(1, storeOf(address.href)))
      expect(error).toMatchObject({ retryable: true, code: 'database-unreachable' })
      expect(error.message).toMatch(/:1 gave no connection: .*ECONNREFUSED/)
    })
  })
})
