import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { type CollectorIdentity, unendedSessions } from '../../db/read/queries/unended-sessions.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block, contractOf, FIRST_TS_US, quote } from '../support/tape/ticks.ts'

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
    onTestFinished(() => pool.end())
    await createTickStore({ pool }).store({ sessionId, batchNo, blocks: [block(records)] }, contractOf)
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
})
