/**
 * kill -9 of the database at seeded instants of one recording: of the postmaster, or of the backend in whose transaction a batch is.
 * The proxy says what that backend is at: in the middle of a COPY, about to commit, or done and not heard of yet.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'

import { packagedBinaries } from '../../db/embedded/binaries.ts'
import { clusterPaths } from '../../db/embedded/cluster.ts'
import { readPostmaster } from '../../db/embedded/postmaster.ts'
import { startEmbedded } from '../../db/embedded/server.ts'
import { expectWhole, numberedQuotes } from '../support/tape/account.ts'
import { ask, PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { newPlace } from '../support/process/command.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { seeded } from '../support/random.ts'
import { type PostgresProxy, startPostgresProxy } from '../support/database/tcp-proxy.ts'

const LINES = CONTRACTS.length
const KILLS = 20
const QUOTES = numberedQuotes(400_000, MS_US)
const SILENT = { info: () => undefined, warn: () => undefined }

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

it(`a database killed at ${KILLS} instants while a collector records has every tick that the gateway served exactly once`, async () => {
  const place = await newPlace()
  onTestFinished(() => place.remove())
  const server = await startEmbedded({ dataDir: place.dataDir, logger: SILENT, find: () => packagedBinaries() })
  onTestFinished(() => server.close())
  const proxy = await startPostgresProxy(server.url)
  onTestFinished(() => proxy.close())
  const { gateway, port } = await room.serveFile(await room.write(tapeOf(QUOTES)), { startAfterLines: LINES, publishTime: true, speed: 2 })
  const collector = await startCollecting({ port, databaseUrl: proxy.url(server.url), untilEndOfTape: true })

  const random = seeded(1)
  let written = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const { counts } = await collector.until('ticks are written', ({ counts }) => counts.written > written)
    written = counts.written + Math.floor(random() * 500)
    await holdTraffic(proxy, random())
    await sleep(random() * 20)
    process.kill(random() < 0.5 ? await postmasterOf(place.dataDir) : await busiestBackend(server.url), 'SIGKILL')
    proxy.cut()
    await server.ensureRunning()
    proxy.resume()
  }

  const { ticksServed } = await gateway.stop()
  const { counts } = await collector.end()
  expect(counts).toMatchObject({ received: ticksServed, inFlight: 0, gaps: 0 })
  const account = await expectWhole({ databaseUrl: server.url, dataDirs: [collector.dataDir], quotes: QUOTES, ticksServed })
  expect(account).toMatchObject({ missing: [], gaps: [] })
})

async function holdTraffic(proxy: PostgresProxy, lot: number): Promise<void> {
  if (lot < 0.25) return
  const hold = lot < 0.5 ? proxy.holdCopyData() : lot < 0.75 ? proxy.holdCommit() : proxy.holdReplyToCommit()
  await hold.reached
}

async function postmasterOf(dataDir: string): Promise<number> {
  const postmaster = await readPostmaster(clusterPaths(dataDir).data)
  return postmaster?.pid ?? expect.unreachable('no postmaster runs')
}

/** The one whose transaction has been open for longest, or any when none has one. */
async function busiestBackend(databaseUrl: string): Promise<number> {
  return vi.waitFor(async () => {
    const [backend] = await ask<{ pid: number }>(
      databaseUrl,
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
       ORDER BY xact_start NULLS LAST LIMIT 1`,
    )
    return backend?.pid ?? expect.unreachable('the collector is not connected')
  }, PATIENCE)
}
