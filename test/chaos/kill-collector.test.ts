/**
 * kill -9 of the collector at seeded instants while it records. In most of them the proxy holds a COPY or the reply to a COMMIT, so that
 * the database stands in the middle of a batch, or has committed one that the collector does not know of.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { expectWhole, journalOf, numberedQuotes } from '../support/tape/account.ts'
import { ask, folderForTest, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { inTurn, seeded } from '../support/random.ts'
import { quickly, startCollector } from '../support/process/recording.ts'
import { type PostgresProxy, startPostgresProxy } from '../support/database/tcp-proxy.ts'

const LINES = CONTRACTS.length
/** A minute of tape time at a speed of 4; no instant takes longer. */
const QUOTES = numberedQuotes(240_000, MS_US)

type Holding = 'nothing' | 'COPY' | 'the reply to COMMIT'

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(QUOTES))
})
afterAll(() => room.clear())

forEachEdition('a collector killed while it records', (edition) => {
  const instants = edition.name === EMBEDDED ? 50 : 15

  it(`at ${instants} instants finds every journaled tick in the database exactly once, in order, and names the loss`, async () => {
    const databaseUrl = await edition.createTapeDatabase()
    const missing = await inTurn(instants, 3, (seed) => killOnce(seed, databaseUrl))
    // A kill that no tick was lost to would prove nothing.
    expect(missing.filter((ticks) => ticks > 0).length).toBeGreaterThan(instants / 2)
  }, 600_000)
})

/** Returns how many ticks the gap names. */
async function killOnce(seed: number, databaseUrl: string): Promise<number> {
  const random = seeded(seed)
  const holding: Holding = seed % 4 === 0 ? 'nothing' : seed % 2 === 0 ? 'COPY' : 'the reply to COMMIT'
  const dataDir = await folderForTest()
  const proxy = await startPostgresProxy(databaseUrl)
  const { gateway, port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 4 })
  const victim = startCollector({ port, dataDir, databaseUrl: proxy.url(databaseUrl), symbol: 'TWX', env: await quickly(dataDir) })
  try {
    await Promise.race([
      reach(proxy, holding, 4 + Math.floor(random() * 10)),
      victim.succeeded().then(() => expect.unreachable('the recording was over before the kill')),
    ])
    await sleep(random() * 50)
  } finally {
    victim.kill('SIGKILL')
    await victim.exited
    proxy.cut()
  }
  const [killed, ...others] = await journalOf(dataDir)
  expect(others).toEqual([])

  const successor = await startCollecting({ port, databaseUrl, dataDir, gateway: { clientId: 88 }, untilEndOfTape: true })
  await successor.until('it records on', ({ counts }) => counts.gaps > 0 && counts.received > 100)
  const { ticksServed } = await gateway.stop()
  const { counts, sessionId } = await successor.end()
  expect(counts.recovered.committed).toBe(counts.recovered.found)
  // The batch whose commit was never answered is in the database already, and must be found there.
  if (holding === 'the reply to COMMIT') expect(counts.batches.alreadyCommitted).toBeGreaterThan(0)

  const { rows, missing, gaps, sessionIds } = await expectWhole({ databaseUrl, dataDirs: [dataDir], quotes: QUOTES })
  expect(sessionIds).toEqual([killed?.sessionId, sessionId])
  expect(gaps).toMatchObject([{ sessionId, cause: 'collector-crash', fromUs: killed?.records.at(-1)?.tsUs }])
  expect(rows).toBeLessThanOrEqual(ticksServed)
  expect(rows + missing.length).toBeGreaterThanOrEqual(ticksServed)
  const ends = await ask(databaseUrl, `SELECT ended_cause FROM sessions WHERE session_id IN (${sessionIds.join(', ')}) ORDER BY session_id`)
  expect(ends).toEqual([{ ended_cause: 'crash' }, { ended_cause: 'end-of-tape' }])
  await proxy.close()
  return missing.length
}

/** Lets so many commits pass, the first of which are no batches, and holds what comes then. */
async function reach(proxy: PostgresProxy, holding: Holding, commits: number): Promise<void> {
  const rows = proxy.holdCopyData()
  await rows.reached
  rows.release()
  for (let passed = 0; passed < commits; passed++) {
    const reply = proxy.holdReplyToCommit()
    await reply.reached
    reply.release()
  }
  if (holding === 'COPY') await proxy.holdCopyData().reached
  else if (holding === 'the reply to COMMIT') await proxy.holdReplyToCommit().reached
}
