/**
 * kill -9 of the collector at 20 seeded instants while it records. In most of them the proxy holds a COPY or the reply to a COMMIT, so that
 * the database stands in the middle of a batch, or has committed one that the collector does not know of.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { listSegments } from '../../collector/journal/directory.ts'
import { packageRoot } from '../../db/package-root.ts'
import { connectClient } from '../../db/pool.ts'
import { readBlocks, readRecords } from '../../db/tape/reader.ts'
import { writeTape } from '../../db/tape/writer.ts'
import { openTapeReader } from '../../db/tape-reader.ts'
import { RecordCursor } from '../../db/tape/codec.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { isTick, type TapeRecord, type Tick } from '../../market/tick.ts'
import { forEachEdition } from '../support/databases.ts'
import { seeded } from '../support/random.ts'
import { type CollectTotals, startCollector, startGatewayProcess } from '../support/recording.ts'
import { type PostgresProxy, startPostgresProxy } from '../support/tcp-proxy.ts'

const INSTANTS = 20
/** Instants run side by side; each has its own gateway, collector and session. */
const SIDE_BY_SIDE = 2
const INSTRUMENTS = 16
/** The shipped tape's number of TWX itself. */
const STOCK = 1
/** The trading day in about eight seconds. */
const SPEED = '3000'
const FIRST_US = Date.UTC(2014, 5, 5, 13, 31) * 1000
const LAST_US = Date.UTC(2014, 5, 5, 20, 1) * 1000

type Holding = 'nothing' | 'COPY' | 'the reply to COMMIT'

let folder: string
let tape: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-kill-'))
  tape = join(folder, 'day.tape')
  await writeTape(tape, { source: 'import' }, someOfTheDay())
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The trading hours of the shipped day, and of its contracts the stock and the ones that change most. */
async function* someOfTheDay(): AsyncGenerator<TapeRecord[]> {
  const shipped = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
  const changes = new Map<number, number>()
  for await (const records of readRecords(shipped))
    for (const record of records) if (record.kind === 'quote') changes.set(record.instrument, (changes.get(record.instrument) ?? 0) + 1)
  changes.delete(STOCK)
  const busiest = [...changes].sort(([, a], [, b]) => b - a).map(([instrument]) => instrument)
  const chosen = new Set([STOCK, ...busiest.slice(0, INSTRUMENTS - 1)])
  for await (const records of readRecords(shipped))
    yield records.filter(
      (record) =>
        'instrument' in record &&
        chosen.has(record.instrument ?? 0) &&
        (record.kind === 'contract' || (record.tsUs >= FIRST_US && record.tsUs <= LAST_US)),
    )
}

forEachEdition('a collector killed while it records', (edition) => {
  it('finds every journaled tick in the database exactly once, in order, and names the loss', async () => {
    const instants = Array.from({ length: INSTANTS }, (_, seed) => seed)
    const held: Holding[] = []
    while (instants.length > 0) {
      const batch = instants.splice(0, SIDE_BY_SIDE)
      held.push(...(await Promise.all(batch.map(async (seed) => killOnce(seed, await edition.createDatabase())))))
    }
    expect(held.filter((holding) => holding !== 'nothing').length).toBeGreaterThanOrEqual(INSTANTS / 2)
  }, 600_000)
})

async function killOnce(seed: number, databaseUrl: string): Promise<Holding> {
  const random = seeded(seed)
  const holding: Holding = seed % 4 === 0 ? 'nothing' : seed % 2 === 0 ? 'COPY' : 'the reply to COMMIT'
  const dataDir = await mkdtemp(join(folder, `seed-${seed}-`))
  const proxy = await startPostgresProxy(databaseUrl)
  const gateway = startGatewayProcess(tape, INSTRUMENTS, ['--speed', SPEED])
  try {
    const { port } = await gateway.event<{ port: number }>('listening')
    const collectArgs = ['--lines', String(INSTRUMENTS + 1)]
    const victim = startCollector({ port, dataDir, databaseUrl: proxy.url(databaseUrl), symbol: 'TWX', collectArgs })
    await hasWritten(victim, 1 + Math.floor(random() * 400))
    await holdTraffic(proxy, holding)
    await sleep(random() * 300)
    victim.kill('SIGKILL')
    await victim.exited
    proxy.cut()
    const journaled = await journaledTicks(dataDir)

    const successor = startCollector({ port, dataDir, databaseUrl, symbol: 'TWX', collectArgs })
    const collected = await successor.event<CollectTotals>('summary')
    await successor.succeeded()
    expect(collected.recovered.committed).toBe(collected.recovered.found)
    // The batch whose commit was never answered is in the database already, and must be found there.
    if (holding === 'the reply to COMMIT') expect(collected.batches.alreadyCommitted).toBeGreaterThan(0)

    await expectOnceInOrder(databaseUrl, journaled, `seed ${seed}, holding ${holding}`)
    await expectNamedLoss(databaseUrl, journaled, collected.sessionId)
    return holding
  } finally {
    gateway.kill('SIGKILL')
    await proxy.close()
  }
}

async function hasWritten(collector: ReturnType<typeof startCollector>, ticks: number): Promise<void> {
  const reached = new Promise<void>((resolve) => {
    collector.onEvent<{ written: number }>('progress', ({ written }) => {
      if (written >= ticks) resolve()
    })
  })
  await Promise.race([reached, collector.succeeded().then(() => expect.unreachable('the recording was over before the kill'))])
}

async function holdTraffic(proxy: PostgresProxy, holding: Holding): Promise<void> {
  if (holding === 'COPY') await proxy.holdCopyData().reached
  else if (holding === 'the reply to COMMIT') await proxy.holdReplyToCommit().reached
}

interface Journaled {
  sessionId: number
  ticks: Tick[]
  contracts: Map<number, Contract>
  lastTsUs: number
}

/** What is on disk at the moment of the kill: every whole record of the killed session, released segments included. */
async function journaledTicks(dataDir: string): Promise<Journaled> {
  const journal = join(dataDir, 'journal')
  const segments = [...(await listSegments(join(journal, 'released'))), ...(await listSegments(journal))]
  const found: Journaled = { sessionId: segments[0]?.sessionId ?? 0, ticks: [], contracts: new Map(), lastTsUs: 0 }
  const cursor = new RecordCursor()
  for (const { path, sessionId } of segments) {
    expect(sessionId).toBe(found.sessionId)
    for await (const { payload } of readBlocks(path)) {
      cursor.reset(payload)
      while (cursor.next()) {
        const record = cursor.record()
        found.lastTsUs = record.tsUs
        if (record.kind === 'contract') found.contracts.set(record.instrument, record.contract)
        else if (isTick(record)) found.ticks.push(record)
      }
    }
  }
  return found
}

async function expectOnceInOrder(databaseUrl: string, { sessionId, ticks, contracts }: Journaled, what: string): Promise<void> {
  expect(ticks.length, what).toBeGreaterThan(0)
  const reader = await openTapeReader({ url: databaseUrl }, { sessionId, includeQuarantined: true })
  const read: unknown[] = []
  for await (const chunk of reader.ticks()) for (const tick of chunk) read.push(withKey(tick, reader.contracts))
  expect(read, what).toEqual(ticks.map((tick) => withKey(tick, contracts)))
}

function withKey(tick: Tick, contracts: ReadonlyMap<number, Contract>) {
  const contract = contracts.get(tick.instrument)
  return { ...tick, verdict: tick.verdict?.rules, instrument: contract && contractKey(contract) }
}

async function expectNamedLoss(databaseUrl: string, { sessionId, lastTsUs }: Journaled, successorId: number): Promise<void> {
  const client = await connectClient(databaseUrl)
  try {
    const { rows } = await client.query(
      `SELECT cause, (extract(epoch FROM from_ts) * 1000000)::bigint::text AS from_us, to_ts > from_ts AS has_length
       FROM feed_gaps WHERE session_id = $1`,
      [successorId],
    )
    expect(rows).toEqual([{ cause: 'collector-crash', from_us: String(lastTsUs), has_length: true }])
    const sessions = await client.query('SELECT ended_cause FROM sessions WHERE session_id = $1', [sessionId])
    expect(sessions.rows).toEqual([{ ended_cause: 'crash' }])
  } finally {
    await client.end()
  }
}
