/** The database is away, goes away in the middle of a batch, or refuses a row: nothing is lost, nothing is written twice. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'

import { readRecords } from '../../db/tape/reader.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { isTick } from '../../market/tick.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { expectEveryChange } from '../support/tape/changed-rows.ts'
import { ask, folderForTest, PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, quoteAt, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { seeded } from '../support/random.ts'
import { type PostgresProxy, startPostgresProxy } from '../support/database/tcp-proxy.ts'
import { GAPS_BEHIND_START } from '../support/database/gaps.ts'

const LINES = CONTRACTS.length
/** Small segments, so that many are filled and released within a second. */
const SEGMENT_BYTES = 1 << 16

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

async function proxyTo(databaseUrl: string): Promise<PostgresProxy> {
  const proxy = await startPostgresProxy(databaseUrl)
  onTestFinished(() => proxy.close())
  return proxy
}

async function journaledTicks(journal: string): Promise<number> {
  let ticks = 0
  for (const name of (await readdir(journal)).filter((name) => name.endsWith('.tape')))
    for await (const records of readRecords(join(journal, name))) ticks += records.filter(isTick).length
  return ticks
}

const readiness = async (port: number | undefined) => {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`)
  return { status: response.status, text: await response.text() }
}

interface Written {
  rows: number
  seqs: number
}

/** A stop in the middle of a quote puts that one aside; it is counted like the others. */
const TICKS = '(SELECT session_id, seq, ts FROM quotes UNION ALL SELECT session_id, seq, ts FROM rejected_ticks) AS ticks'

const countTicks = async (databaseUrl: string): Promise<Written> => {
  const [found] = await ask<Written>(
    databaseUrl,
    `SELECT count(*)::int AS rows, count(DISTINCT (session_id, seq))::int AS seqs FROM ${TICKS}`,
  )
  return found ?? { rows: 0, seqs: 0 }
}

async function expectTape(tape: string, databaseUrl: string, sessionId: number): Promise<void> {
  const reader = await openTapeReader({ url: databaseUrl }, { sessionId })
  await expectEveryChange(tape, reader.contracts, reader.ticks(), { tickByTick: false })
}

/** Rules may flag the tick as well. */
const REFUSED = expect.stringMatching(/(^|,)database-refused$/)
const KEPT_OUT_BY = "SELECT DISTINCT rule FROM findings WHERE disposition = 'quarantine'"

forEachEdition('a collector whose database', (edition) => {
  it('is away from the start goes on recording into its journal and brings everything to the database, in order, when it is there', async () => {
    const databaseUrl = await edition.createDatabase()
    const proxy = await proxyTo(databaseUrl)
    proxy.cut()
    const tape = await room.write(tapeOf(busyQuotes(20_000, MS_US)))
    const { gateway, port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true })
    const collector = await startCollecting({
      port,
      databaseUrl: proxy.url(databaseUrl),
      journal: { segmentBytes: SEGMENT_BYTES },
      metrics: { host: '127.0.0.1', port: 0 },
    })

    const { ticksServed } = await gateway.ended
    const { counts, metricsPort } = await collector.until('all of it is received', ({ counts }) => counts.received === ticksServed)
    expect(counts).toMatchObject({ written: 0, quarantined: 0, inFlight: ticksServed })
    await vi.waitFor(async () => expect(await journaledTicks(collector.journal)).toBe(ticksServed), PATIENCE)
    expect(await readiness(metricsPort)).toEqual({ status: 503, text: expect.stringContaining('database') })

    proxy.resume()
    await collector.until('everything is written', ({ counts }) => counts.written === ticksServed)
    // A slow machine came to the end of the tape long before, and is not ready for want of data.
    await vi.waitFor(async () => expect((await readiness(metricsPort)).text).not.toMatch(/the database|the journal/), PATIENCE)
    // The segment that is written into stays, and the one before it until a block behind it is durable.
    await vi.waitFor(async () => expect((await collector.unreleased()).length).toBeLessThanOrEqual(2), PATIENCE)

    const { sessionId } = await collector.stop()
    expect(await collector.unreleased()).toEqual([])
    expect(await countTicks(databaseUrl)).toEqual({ rows: ticksServed, seqs: ticksServed })
    await expectTape(tape, databaseUrl, sessionId)
  })

  it('goes away after a while is said to be away and to be back, and is not left a crowd of small batches', async () => {
    const databaseUrl = await edition.createTapeDatabase()
    const proxy = await proxyTo(databaseUrl)
    const tape = await room.write(tapeOf(busyQuotes(60_000, MS_US)))
    const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 4 })
    const collector = await startCollecting({
      port,
      databaseUrl: proxy.url(databaseUrl),
      lanes: 2,
      journal: { batchRows: 50_000, batchMs: 10 },
      metrics: { host: '127.0.0.1', port: 0 },
    })
    const { metricsPort } = await collector.until('ticks are written', ({ counts }) => counts.written > 0)
    await vi.waitFor(async () => expect(await readiness(metricsPort)).toMatchObject({ status: 200 }), PATIENCE)

    proxy.cut()
    await vi.waitFor(async () => {
      expect(await readiness(metricsPort)).toEqual({ status: 503, text: 'the database does not take ticks; they wait in the journal\n' })
    }, PATIENCE)
    const pending = async () => {
      const { received } = collector.progress.counts
      await collector.until('many ticks come', ({ counts }) => counts.received > received + 3000)
      const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
      return /^tapedeck_batches_pending (\d+)$/m.exec(metrics)?.[1]
    }
    // As soon as one batch waits behind the lanes, the next one fills up instead of following every 10 ms.
    const few = await pending()
    expect(await pending()).toBe(few)

    proxy.resume()
    await vi.waitFor(async () => expect(await readiness(metricsPort)).toMatchObject({ status: 200 }), PATIENCE)
    await collector.stop()
  })

  it.for([1, 2, 3])(
    'is cut in the middle of COPY and around COMMIT, again and again, has every tick exactly once (seed %i)',
    async (seed) => {
      const random = seeded(seed)
      const databaseUrl = await edition.createTapeDatabase()
      const proxy = await proxyTo(databaseUrl)
      const tape = await room.write(tapeOf(busyQuotes(100_000, MS_US)))
      const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 4 })
      const collector = await startCollecting({
        port,
        databaseUrl: proxy.url(databaseUrl),
        lanes: 1 + (seed % 2),
        journal: { batchRows: 50 + Math.floor(random() * 500) },
      })
      await collector.until('ticks are written', ({ counts }) => counts.written > 0)
      for (let round = 0; round < 10; round++) await interrupt(proxy, random, databaseUrl)

      const { counts, sessionId } = await collector.stop()
      expect(counts.inFlight).toBe(0)
      expect(await countTicks(databaseUrl)).toEqual({ rows: counts.received, seqs: counts.received })
      expect(await collector.unreleased()).toEqual([])
      await expectNoHoles(databaseUrl, sessionId)
    },
  )

  it('is away when it stops leaves the rest in the journal, and the next start writes it under the old session', async () => {
    const databaseUrl = await edition.createTapeDatabase()
    const proxy = await proxyTo(databaseUrl)
    const tape = await room.write(tapeOf(busyQuotes(100_000, MS_US)))
    const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 4 })
    const dataDir = await folderForTest()
    const first = await startCollecting({ port, databaseUrl: proxy.url(databaseUrl), dataDir, drainTimeoutMs: 100 })
    await first.until('ticks are written', ({ counts }) => counts.written > 0)
    proxy.cut()
    const { received } = first.progress.counts
    await first.until('more ticks come', ({ counts }) => counts.received > received + 1000)
    const left = await first.stop('first stop')
    expect(left.counts.inFlight).toBeGreaterThan(1000)
    expect(await first.said('stopped before the database had everything')).toMatchObject({ ticks: left.counts.inFlight })
    expect((await first.unreleased()).length).toBeGreaterThan(0)

    proxy.resume()
    const second = await startCollecting({ port, databaseUrl: proxy.url(databaseUrl), dataDir })
    await second.until('it records on', ({ counts }) => counts.written > 0)
    const { counts } = await second.stop('second stop')
    expect(counts.recovered.committed).toBe(counts.recovered.found)
    expect(counts.recovered.found).toBeGreaterThanOrEqual(left.counts.inFlight)
    expect(await second.unreleased()).toEqual([])
    const total = left.counts.received + counts.received
    expect(await countTicks(databaseUrl)).toEqual({ rows: total, seqs: total })
    const [old] = await ask(databaseUrl, `SELECT count(*)::int AS rows FROM ${TICKS} WHERE session_id = ${left.sessionId}`)
    expect(old).toEqual({ rows: left.counts.received })
    await expectNoHoles(databaseUrl, left.sessionId)
    expect(await ask(databaseUrl, 'SELECT ended_cause FROM sessions ORDER BY session_id')).toEqual([
      { ended_cause: 'first stop' },
      { ended_cause: 'second stop' },
    ])
    // It was stopped on purpose and in order: no crash, no gap.
    expect(await ask(databaseUrl, `SELECT cause FROM ${GAPS_BEHIND_START}`)).toEqual([])
  })

  describe('refuses a row', () => {
    it('finds it in quarantine, and the rest of its batch where it belongs', async () => {
      const databaseUrl = await edition.createTapeDatabase()
      await ask(databaseUrl, 'ALTER TABLE quotes ADD CONSTRAINT not_this_size CHECK (bid_size <> 66666)')
      const quotes = busyQuotes(4000, MS_US).map((quote, i) => (i % 1000 === 500 ? { ...quote, bidSize: 66_666 } : quote))
      const { gateway, port } = await room.serve(tapeOf(quotes), { startAfterLines: LINES, publishTime: true })
      const collector = await startCollecting({ port, databaseUrl, untilEndOfTape: true })
      const { counts, sessionId } = await collector.end()

      const { ticksServed } = await gateway.ended
      expect(counts).toMatchObject({ received: ticksServed, written: ticksServed - 4, quarantined: 4, inFlight: 0 })
      expect(await countTicks(databaseUrl)).toEqual({ rows: ticksServed, seqs: ticksServed })
      const rejected = await ask<{ reason: string }>(databaseUrl, 'SELECT kind, rules, reason, tick FROM rejected_ticks ORDER BY seq')
      expect(rejected).toHaveLength(4)
      for (const row of rejected)
        expect(row).toMatchObject({ kind: 'quote', rules: REFUSED, tick: expect.objectContaining({ bidSize: 66_666 }) })
      expect(rejected[0]?.reason).toContain('not_this_size')
      expect(await ask(databaseUrl, KEPT_OUT_BY)).toEqual([{ rule: 'database-refused' }])
      expect(await collector.said('the database refused rows')).toMatchObject({ level: 50 })
      await expectNoHoles(databaseUrl, sessionId)
    })

    it('by a trigger, does the same', async () => {
      const databaseUrl = await edition.createTapeDatabase()
      await ask(
        databaseUrl,
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.ask_size = 667 THEN RAISE EXCEPTION 'no such size here'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON quotes FOR EACH ROW EXECUTE FUNCTION refuse()`,
      )
      const quotes = [...busyQuotes(400, MS_US), quoteAt(400 * MS_US, 0, [70, 1], [70.1, 667])]
      const { gateway, port } = await room.serve(tapeOf(quotes), { startAfterLines: LINES, publishTime: true })
      const collector = await startCollecting({ port, databaseUrl, untilEndOfTape: true })
      const { counts } = await collector.end()
      const { ticksServed } = await gateway.ended
      expect(counts).toMatchObject({ received: ticksServed, written: ticksServed - 1, quarantined: 1, inFlight: 0 })
      expect(await ask(databaseUrl, 'SELECT rules, reason FROM rejected_ticks')).toEqual([
        { rules: REFUSED, reason: expect.stringContaining('no such size here') },
      ])
      expect(await ask(databaseUrl, KEPT_OUT_BY)).toEqual([{ rule: 'database-refused' }])
    })
  })
})

/** One fault of the connection, chosen by lot, and what follows of it. */
async function interrupt(proxy: PostgresProxy, random: () => number, databaseUrl: string): Promise<void> {
  const place = random()
  const hold = place < 0.33 ? proxy.holdCopyData() : place < 0.66 ? proxy.holdCommit() : proxy.holdReplyToCommit()
  await hold.reached
  if (random() < 0.5) {
    hold.cut()
    return
  }
  // The backend lives on behind a client that is gone, and gets the rest late: the next attempt has to wait for it, or finds it done.
  hold.cutClient()
  if (place < 0.66) await someBackendWaits(databaseUrl)
  hold.release()
}

/** Until a backend waits for a row of another one's transaction. */
async function someBackendWaits(databaseUrl: string): Promise<void> {
  await vi.waitFor(async () => {
    const waiting = await ask(
      databaseUrl,
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'",
    )
    expect(waiting.length).toBeGreaterThan(0)
  }, PATIENCE)
}

/** Every tick of the session has the number behind the one before, but for the records between them that are no ticks. */
async function expectNoHoles(databaseUrl: string, sessionId: number): Promise<void> {
  const [{ ticks, records } = { ticks: 0, records: 0 }] = await ask<{ ticks: number; records: number }>(
    databaseUrl,
    `SELECT count(*)::int AS ticks, (max(seq) - min(seq) + 1)::int AS records FROM ${TICKS} WHERE session_id = ${sessionId}`,
  )
  expect(ticks).toBeGreaterThan(0)
  const [{ others } = { others: 0 }] = await ask<{ others: number }>(
    databaseUrl,
    `SELECT count(*)::int AS others FROM control_records WHERE session_id = ${sessionId}
       AND seq BETWEEN (SELECT min(seq) FROM ${TICKS} WHERE session_id = ${sessionId}) AND (SELECT max(seq) FROM ${TICKS} WHERE session_id = ${sessionId})`,
  )
  expect(records).toBe(ticks + others)
  const [order] = await ask(
    databaseUrl,
    `SELECT bool_and(ts > before) AS rising FROM (SELECT ts, lag(ts) OVER (ORDER BY seq) AS before FROM ${TICKS} WHERE session_id = ${sessionId}) AS pairs WHERE before IS NOT NULL`,
  )
  expect(order).toEqual({ rising: true })
}
