import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { missingRows } from '../../db/read/queries/missing-rows.ts'
import { type CollectorIdentity, unendedSessions } from '../../db/read/queries/unended-sessions.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { TapeRecord, Tick } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block, contractOf, FIRST_TS_US, quote, quotes } from '../support/tape/ticks.ts'
import { quarantined } from '../support/tape/verdicts.ts'

forEachEdition('a query', ({ createTapeDatabase }) => {
  let url: string
  let client: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    client = await connectClient(url)
  })
  afterAll(() => client.end())

  const store = async (sessionId: number, records: readonly TapeRecord[], batchNo = 1) => {
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    await createTickStore({ pool }).store({ sessionId, batchNo, blocks: [block(records)] }, contractOf)
    await pool.end()
  }

  describe('for sessions without an end', () => {
    const us = (seq: number) => FIRST_TS_US + seq * 1000
    const started = (detail: Record<string, unknown>): TapeRecord => ({ kind: 'session', event: 'started', seq: 1, tsUs: us(1), detail })
    const mark = (event: 'alive' | 'ended', seq: number): TapeRecord => ({ kind: 'session', event, seq, tsUs: us(seq) })
    const interrupted = (seq: number, cause: string): TapeRecord => ({
      kind: 'session',
      event: 'interrupted',
      seq,
      tsUs: us(seq),
      fromTsUs: us(seq) - 500,
      cause,
    })
    const gap = (seq: number, fromTsUs: number, toTsUs: number, cause: string): TapeRecord => ({
      kind: 'gap',
      seq,
      tsUs: us(seq),
      fromTsUs,
      toTsUs,
      cause,
    })
    /** A collector of its own for each test. */
    let collectors = 0
    const collector = (): Required<CollectorIdentity> & { clock: string } => ({
      collectorId: `c${++collectors}`,
      host: `h${collectors}`,
      dataDir: '/data',
      clock: 'wall',
    })
    let sessionId = 100
    const ids = async (identity: CollectorIdentity) => (await unendedSessions(client, identity)).map((session) => session.sessionId)

    it('gives the last time at which each is known to have been alive', async () => {
      const mine = collector()
      const [byTick, byMark, byLine] = [++sessionId, ++sessionId, ++sessionId]
      await store(byTick, [started(mine), mark('alive', 2), quote(9)])
      await store(byMark, [started(mine), quote(3), mark('alive', 8)])
      await store(byLine, [
        started(mine),
        quote(3),
        { kind: 'line', seq: 7, tsUs: us(7), instrument: 0, event: 'opened', openedSeq: 7, openedTsUs: us(7) },
      ])
      expect(await unendedSessions(client, mine)).toEqual([
        { sessionId: byTick, lastTsUs: us(9), clock: 'wall', openGaps: [] },
        { sessionId: byMark, lastTsUs: us(8), clock: 'wall', openGaps: [] },
        { sessionId: byLine, lastTsUs: us(7), clock: 'wall', openGaps: [] },
      ])
    })

    it('leaves out those that ended, and those of others', async () => {
      const mine = collector()
      await store(++sessionId, [started(mine), mark('ended', 2)])
      await store(++sessionId, [started(collector())])
      await store(++sessionId, [started({ ...mine, collectorId: 'other', host: 'elsewhere' })])
      expect(await ids(mine)).toEqual([])
    })

    it('knows a collector by its id, or by host and data directory when the id is lost or new', async () => {
      const mine = collector()
      await store(++sessionId, [started(mine)])
      expect(await ids({ ...mine, host: 'renamed' })).toEqual([sessionId])
      expect(await ids({ host: mine.host, dataDir: mine.dataDir })).toEqual([sessionId])
      expect(await ids({ ...mine, collectorId: 'new' })).toEqual([sessionId])
      expect(await ids({ host: mine.host, dataDir: '/elsewhere' })).toEqual([])
    })

    it('says which gaps had begun and were not named', async () => {
      const mine = collector()
      await store(++sessionId, [
        started(mine),
        interrupted(2, 'link-lost'),
        gap(3, us(2) - 500, us(3), 'link-lost'),
        interrupted(5, 'ib-away'),
        mark('alive', 9),
      ])
      expect(await unendedSessions(client, mine)).toMatchObject([
        { lastTsUs: us(9), openGaps: [{ fromTsUs: us(5) - 500, cause: 'ib-away' }] },
      ])
    })

    it('leaves out one that a later session has followed with a gap', async () => {
      const mine = collector()
      const crashed = ++sessionId
      await store(crashed, [started(mine), mark('alive', 4)])
      const theirs = { ...collector(), clock: 'wall' }
      await store(++sessionId, [started(theirs), gap(6, us(4), us(6), 'collector-crash'), mark('ended', 7)])
      expect(await ids(mine)).toEqual([crashed])
      await store(++sessionId, [started(mine), gap(6, us(4), us(6), 'collector-crash'), mark('ended', 7)])
      expect(await ids(mine)).toEqual([])
    })
  })

  describe('for rows that are gone', () => {
    const DAY_US = 86_400_000_000
    const verdict = quarantined('spike', 'far')
    const trade = (seq: number): Tick => ({ kind: 'trade', seq, tsUs: FIRST_TS_US + seq * 1000, instrument: 0, price: 1, source: 'last' })
    const later = (ticks: readonly Tick[]): Tick[] => ticks.map((tick) => ({ ...tick, tsUs: tick.tsUs + DAY_US }))
    const [whole, halved, twoDays] = [9001, 9002, 9003]
    beforeAll(async () => {
      for (const sessionId of [whole, halved]) {
        await store(sessionId, [...quotes(1, 100), trade(101), quote(102, { verdict })])
        await store(sessionId, [...quotes(103, 50), trade(153), quote(154, { verdict })], 2)
      }
      await store(twoDays, quotes(1, 30))
      await store(twoDays, later(quotes(31, 20)), 2)
    })
    const missing = async (query: Parameters<typeof missingRows>[1] = { sessionIds: [whole, halved, twoDays] }) =>
      (await missingRows(client, query)).map(({ sessionId, missing }) => ({ sessionId, missing }))
    /** Does it, asks, and undoes it. */
    const undone = async <T>(sql: string, ask: () => Promise<T>): Promise<T> => {
      await client.query(`BEGIN; ${sql}`)
      try {
        return await ask()
      } finally {
        await client.query('ROLLBACK')
      }
    }

    it('finds nothing as long as all are there, also while a batch is being written', async () => {
      expect(await missing()).toEqual([])
      await client.query("INSERT INTO rejected_ticks VALUES (to_timestamp(0), 9001, 1, NULL, 'gap', 'database-refused', '', '{}')")
      expect(await missing()).toEqual([])
    })

    it('says which session misses how many, and what is left in each table', async () => {
      const found = await undone(`DELETE FROM quotes WHERE session_id = ${halved} AND seq % 2 = 0`, () =>
        missingRows(client, { sessionIds: [whole, halved, twoDays] }),
      )
      expect(found).toEqual([
        {
          sessionId: halved,
          acceptedTicks: 152,
          quarantinedTicks: 2,
          rows: { quotes: 75, trades: 2, option_greeks: 0, statistics: 0, rejected_ticks: 2 },
          missing: 75,
        },
      ])
    })

    it('finds a table that was emptied, and rejected ticks that were deleted', async () => {
      expect(await undone('TRUNCATE quotes', missing)).toEqual([
        { sessionId: whole, missing: 150 },
        { sessionId: halved, missing: 150 },
        { sessionId: twoDays, missing: 50 },
      ])
      expect(await undone(`DELETE FROM rejected_ticks WHERE session_id = ${whole} AND seq = 102`, missing)).toEqual([
        { sessionId: whole, missing: 1 },
      ])
    })

    it('finds a chunk that was dropped', async ({ skip }) => {
      const { rows } = await client.query("SELECT FROM pg_proc WHERE proname = 'drop_chunks'")
      skip(rows.length === 0, 'this server has no hypertables')
      expect(await undone("SELECT drop_chunks('quotes', older_than => timestamptz '2014-06-06 00:00Z')", missing)).toEqual([
        { sessionId: whole, missing: 150 },
        { sessionId: halved, missing: 150 },
        { sessionId: twoDays, missing: 30 },
      ])
    })

    it('looks only at the batches behind a time', async () => {
      const since = async (sinceTs: number) =>
        undone('DELETE FROM quotes WHERE session_id > 9000', () => missing({ sinceTs, sessionIds: [whole, twoDays] }))
      expect(await since(FIRST_TS_US)).toEqual([
        { sessionId: whole, missing: 150 },
        { sessionId: twoDays, missing: 50 },
      ])
      // In the middle of the first batch of each.
      expect(await since(FIRST_TS_US + 20_000)).toEqual([
        { sessionId: whole, missing: 50 },
        { sessionId: twoDays, missing: 20 },
      ])
      expect(await since(FIRST_TS_US + DAY_US / 2)).toEqual([{ sessionId: twoDays, missing: 20 }])
      expect(await since(FIRST_TS_US + 2 * DAY_US)).toEqual([])
    })
  })
})
