/**
 * The power fails at seeded instants of a recording: what the journal had not synced is on the disk in part, in any order, or not at
 * all, names of files included (test/support/process/volatile-disk.mjs). The database keeps what it has committed. And syncs that fail.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { listSegments } from '../../collector/journal/directory.ts'
import { expectWhole, journalOf, numberedQuotes } from '../support/tape/account.ts'
import { ask, folderForTest, PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { inTurn, seeded } from '../support/random.ts'
import { type CollectTotals, quickly, startCollector } from '../support/process/recording.ts'

const LINES = CONTRACTS.length
const QUOTES = numberedQuotes(240_000, MS_US)
const DISK = new URL('../support/process/volatile-disk.mjs', import.meta.url).href

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(QUOTES))
})
afterAll(() => room.clear())

const served = { startAfterLines: LINES, publishTime: true, speed: 4 } as const

async function onDisk(root: string, disk: object): Promise<NodeJS.ProcessEnv> {
  return { ...(await quickly(root)), NODE_OPTIONS: `--import=${DISK}`, VOLATILE_DISK: JSON.stringify({ root, ...disk }) }
}

forEachEdition('a collector whose power fails', (edition) => {
  const instants = edition.name === EMBEDDED ? 50 : 5

  it(`at ${instants} instants finds what was synced, never half a batch and nothing less than the database has, and names the loss`, async () => {
    const databaseUrl = await edition.createTapeDatabase()
    const cuts = await inTurn(instants, 3, (seed) => cutOnce(seed, databaseUrl))
    // Power cuts before anything was promised, and those that left nothing in doubt, would prove nothing.
    expect(cuts.filter(({ syncedRecords }) => syncedRecords > 0).length).toBeGreaterThan(instants / 2)
    expect(cuts.filter(({ tornBytes }) => tornBytes > 0).length).toBeGreaterThanOrEqual(Math.floor(instants / 25))
  }, 600_000)
})

forEachEdition('a collector whose disk fails to sync', (edition) => {
  it('takes nothing of it for durable: what Linux dropped then is written anew, and every tick is recorded exactly once', async () => {
    const failures = 5
    const databaseUrl = await edition.createTapeDatabase()
    const root = await folderForTest()
    const { gateway, port } = await room.serveFile(tape, served)
    const env = await onDisk(root, { seed: 1, failures })
    const collector = startCollector({ port, dataDir: root, databaseUrl, symbol: 'TWX', env })
    await vi.waitFor(async () => expect(await readFile(join(root, 'failed-syncs'), 'utf8')).toBe(String(failures)), PATIENCE)
    const before = gateway.totals().ticksServed
    await vi.waitFor(() => expect(gateway.totals().ticksServed).toBeGreaterThan(before + 1000), PATIENCE)
    const { ticksServed } = await gateway.stop()
    const totals = await collector.event<CollectTotals>('summary')
    await collector.succeeded()
    expect(totals).toMatchObject({ received: ticksServed, dropped: 0, inFlight: 0, gaps: 0 })
    expect(await expectWhole({ databaseUrl, dataDirs: [root], quotes: QUOTES, ticksServed })).toMatchObject({ missing: [], gaps: [] })
  })
})

/** Returns what was durable for certain, and how much of the rest the journal had to cut off. */
async function cutOnce(seed: number, databaseUrl: string): Promise<{ syncedRecords: number; tornBytes: number }> {
  const [root, image] = [await folderForTest(), join(await folderForTest(), 'disk')]
  const { gateway, port } = await room.serveFile(tape, served)
  const cutAtCall = 1 + Math.floor(seeded(seed)() * 150)
  const env = await onDisk(root, { seed, cutAtCall, image })
  const victim = startCollector({ port, dataDir: root, databaseUrl, symbol: 'TWX', env })
  expect(await victim.exited).toBe('SIGKILL')
  const [synced, ...others] = await journalOf(`${image}.synced`)
  expect(others).toEqual([])

  const successor = await startCollecting({ port, databaseUrl, dataDir: image, gateway: { clientId: 88 }, untilEndOfTape: true })
  const lastSynced = synced?.records.at(-1)
  await successor.until('it records on', ({ counts }) => counts.received > 100 && counts.gaps === (lastSynced ? 1 : counts.gaps))
  await gateway.stop()
  const { counts, sessionId } = await successor.end()
  expect(counts.recovered.committed).toBe(counts.recovered.found)

  const { sessionIds, gaps } = await expectWhole({ databaseUrl, dataDirs: [image], quotes: QUOTES })
  // Nothing of what the database has is missing on the disk.
  const written = (await listSegments(join(root, 'journal')))[0]?.sessionId ?? 0
  const inDatabase = await ask<{ id: number }>(
    databaseUrl,
    `SELECT DISTINCT session_id::float8 AS id FROM batches WHERE session_id IN (${written}, ${sessionId}) ORDER BY id`,
  )
  expect(inDatabase.map(({ id }) => id)).toEqual(sessionIds)
  const [found] = await journalOf(image)
  if (synced) expect(JSON.stringify(found?.records.slice(0, synced.records.length)) === JSON.stringify(synced.records)).toBe(true)
  if (lastSynced) {
    expect(gaps).toMatchObject([{ sessionId, cause: 'collector-crash' }])
    expect(gaps[0]?.fromUs).toBeGreaterThanOrEqual(lastSynced.tsUs)
  }
  const recovered = successor.logged.find(({ msg }) => msg.startsWith('unfinished session'))
  return { syncedRecords: synced?.records.length ?? 0, tornBytes: Number(recovered?.['tornBytes'] ?? 0) }
}
