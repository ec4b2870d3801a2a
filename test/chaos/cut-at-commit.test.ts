/**
 * The connection is cut at COMMIT while its backend takes long: a deferred trigger has it wait for a lock of the test, so that the old
 * transaction still runs when the next attempt comes. That one must wait for the old marker, and then find it committed or write anew.
 */

import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { expectWhole, numberedQuotes } from '../support/tape/account.ts'
import { ask, PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { seeded } from '../support/random.ts'
import { startPostgresProxy } from '../support/database/tcp-proxy.ts'

const LINES = CONTRACTS.length
const QUOTES = numberedQuotes(400_000, MS_US)
const LOCK = 4711

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(QUOTES))
})
afterAll(() => room.clear())

forEachEdition('a connection cut at COMMIT while the server is still at it', (edition) => {
  const cuts = edition.name === EMBEDDED ? 50 : 20

  it.for([1, 2])(`has every tick exactly once, ${cuts} times in one recording over %i lanes`, async (lanes) => {
    const random = seeded(lanes)
    const databaseUrl = await edition.createTapeDatabase()
    await ask(
      databaseUrl,
      `CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${LOCK}); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON batches DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()`,
    )
    const proxy = await startPostgresProxy(databaseUrl)
    onTestFinished(() => proxy.close())
    const holder = await connectClient(databaseUrl)
    onTestFinished(() => holder.end())
    const { gateway, port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 2 })
    // The bit of a rule that finds something for the first time is written in a transaction that is not a batch's.
    const rules = { rules: [], settings: {} }
    const collector = await startCollecting({ port, databaseUrl: proxy.url(databaseUrl), lanes, rules, untilEndOfTape: true })
    // By then every lane has written its instruments, in transactions that are not batches.
    await collector.until('batches are written', ({ counts }) => counts.batches.committed > 2 * lanes)

    let committed = 0
    for (let cut = 0; cut < cuts; cut++) {
      const hold = proxy.holdCommit()
      await hold.reached
      await holder.query(`SELECT pg_advisory_lock(${LOCK})`)
      hold.cutClient()
      hold.release()
      const old = await blockerOfRetry(databaseUrl)
      if (random() < 0.5) committed++
      else await holder.query(`SELECT pg_terminate_backend(${old})`)
      await holder.query(`SELECT pg_advisory_unlock(${LOCK})`)
      await vi.waitFor(() => expect(collector.progress.counts.batches.alreadyCommitted).toBe(committed), PATIENCE)
    }

    const { ticksServed } = await gateway.stop()
    const { counts } = await collector.end()
    expect(counts).toMatchObject({ received: ticksServed, inFlight: 0, gaps: 0, batches: { alreadyCommitted: committed } })
    const { missing, gaps } = await expectWhole({ databaseUrl, dataDirs: [collector.dataDir], quotes: QUOTES, ticksServed })
    expect({ missing, gaps }).toEqual({ missing: [], gaps: [] })
  })
})

/** Waits until a backend waits for the transaction of another that waits for the test; returns that other one. */
async function blockerOfRetry(databaseUrl: string): Promise<number> {
  return vi.waitFor(async () => {
    const [found] = await ask<{ pid: number }>(
      databaseUrl,
      `SELECT old.pid FROM pg_stat_activity AS retry, unnest(pg_blocking_pids(retry.pid)) AS blocker JOIN pg_stat_activity AS old ON old.pid = blocker
       WHERE retry.datname = current_database() AND retry.wait_event = 'transactionid' AND old.wait_event = 'advisory'`,
    )
    if (!found) throw new Error('no attempt waits for the old transaction')
    return found.pid
  }, PATIENCE)
}
