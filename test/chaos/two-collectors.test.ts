/**
 * Two collectors, each with its gateway and its data folder, record into one database at the same time, and each is killed in the middle:
 * what both served is in the database once, and as it was.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { expectWhole, journalOf, numberedQuotes } from '../support/tape/account.ts'
import { ask, folderForTest, PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { seeded } from '../support/random.ts'
import { quickly, startCollector } from '../support/process/recording.ts'

const LINES = CONTRACTS.length
const QUOTES = numberedQuotes(60_000, MS_US)
const ALL_ROWS = ['quotes', 'trades', 'option_greeks', 'statistics', 'rejected_ticks']
  .map((table) => `SELECT session_id, seq FROM ${table} WHERE session_id > 0`)
  .join(' UNION ALL ')

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(QUOTES))
})
afterAll(() => room.clear())

forEachEdition('two collectors on one database', (edition) => {
  it('that are killed while they record have every tick of both, once, and name what was lost', async ({ skip }) => {
    skip(edition.name !== EMBEDDED, 'markers and sessions are plain tables in every edition')
    const databaseUrl = await edition.createTapeDatabase()
    const random = seeded(3)
    const accounts = await Promise.all([recordThroughKill(databaseUrl, random() * 400), recordThroughKill(databaseUrl, random() * 400)])
    const rows = accounts.reduce((sum, account) => sum + account.rows, 0)
    expect(
      await ask(databaseUrl, `SELECT count(*)::int AS rows, count(DISTINCT (session_id, seq))::int AS seqs FROM (${ALL_ROWS}) AS ticks`),
    ).toEqual([{ rows, seqs: rows }])
    expect(await ask(databaseUrl, 'SELECT sum(accepted_ticks + quarantined_ticks)::int AS ticks FROM batches')).toEqual([{ ticks: rows }])
    const sessionIds = accounts.flatMap((account) => account.sessionIds)
    expect(new Set(sessionIds).size).toBe(4)
    // One instrument has one number, whoever recorded it first.
    expect(await ask(databaseUrl, 'SELECT count(*)::int AS instruments FROM instruments')).toEqual([{ instruments: LINES }])
    // Neither took a session of the other for one of its own that was cut short.
    expect(await ask(databaseUrl, 'SELECT ended_cause AS cause, count(*)::int AS sessions FROM sessions GROUP BY 1 ORDER BY 1')).toEqual([
      { cause: 'crash', sessions: 2 },
      { cause: 'end-of-tape', sessions: 2 },
    ])
  }, 300_000)
})

it(
  'in one data folder: the second one is refused, and the first one records on',
  async () => {
    const dataDir = await folderForTest()
    // Nobody answers there: the journal takes what comes, and the folder is held from the start.
    const databaseUrl = 'postgres://nobody@127.0.0.1:1/none'
    const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 0.25 })
    const first = await startCollecting({ port, databaseUrl, dataDir })
    await first.until('it records', ({ counts }) => counts.received > 100)
    const second = await startCollecting({ port, databaseUrl, dataDir, gateway: { clientId: 88 } })
    await expect(second.summary).rejects.toThrow(/tapedeck collect/)
    // The counts go on in the same object.
    const { received } = first.progress.counts
    await first.until('it records on', ({ counts }) => counts.received > received)
    await first.force()
  },
  PATIENCE.timeout * 4,
)

/** Kills a collector some time behind its first committed ticks and lets a successor record on. Returns the account of both. */
async function recordThroughKill(databaseUrl: string, afterMs: number) {
  const dataDir = await folderForTest()
  const { gateway, port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 4 })
  const victim = startCollector({ port, dataDir, databaseUrl, symbol: 'TWX', env: await quickly(dataDir) })
  while ((await releasedTicks(dataDir)) === 0) await sleep(20)
  await sleep(afterMs)
  victim.kill('SIGKILL')
  await victim.exited
  const [killed] = await journalOf(dataDir)
  const successor = await startCollecting({ port, databaseUrl, dataDir, gateway: { clientId: 88 }, untilEndOfTape: true })
  await successor.until('it records on', ({ counts }) => counts.gaps > 0 && counts.received > 100)
  await gateway.stop()
  const { counts, sessionId } = await successor.end()
  expect(counts.inFlight).toBe(0)
  const account = await expectWhole({ databaseUrl, dataDirs: [dataDir], quotes: QUOTES })
  expect(account.sessionIds).toEqual([killed?.sessionId, sessionId])
  return account
}

/** Records that are in the journal of a collector that runs. */
async function releasedTicks(dataDir: string): Promise<number> {
  const sessions = await journalOf(dataDir).catch(() => [])
  return sessions.reduce((sum, { records }) => sum + (records.length > 200 ? records.length : 0), 0)
}
