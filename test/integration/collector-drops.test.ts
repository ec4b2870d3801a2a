/** The journal reaches its limit, or its disk fails or fills up: what is dropped is counted and named, all else is in the database once. */

import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'

import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, type Collecting, folderForTest, PATIENCE, startCollecting, TWX_CHAIN } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { expectNamedDrops } from '../support/tape/dropped-ticks.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { startPostgresProxy } from '../support/database/tcp-proxy.ts'
import { fileHandlePrototype } from '../unit/collector/journal/journal-support.ts'

const QUOTES = 40_000
const TAPE = { quotes: QUOTES, stepUs: MS_US }
/** The tape in ten seconds. */
const SERVING = { startAfterLines: CONTRACTS.length, publishTime: true, speed: 4 } as const
/** Every quote once. */
const underlyings = [{ ...TWX_CHAIN, tickByTick: false }]
const METRICS = { host: '127.0.0.1', port: 0 }
const isRoot = process.getuid?.() === 0

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(busyQuotes(QUOTES, MS_US)))
})
afterAll(() => room.clear())

const readiness = async ({ progress }: Collecting) => (await fetch(`http://127.0.0.1:${progress.metricsPort}/readyz`)).text()
const says = (collector: Collecting, text: string) => vi.waitFor(async () => expect(await readiness(collector)).toContain(text), PATIENCE)
/** A slow machine may have come to the end of the tape by then, and is not ready for want of data: no tick has ended the gap yet. */
const storesAgain = (collector: Collecting) =>
  vi.waitFor(async () => expect(await readiness(collector)).not.toMatch(/the journal|the database/), PATIENCE)

const dropped = (collector: Collecting, reason: string) => collector.progress.counts.dropped.get(reason) ?? 0

/** Every tick served is written or dropped for this reason, and the database has each of the written ones once. */
async function expectSum(databaseUrl: string, collector: Collecting, ticksServed: number, reason: string): Promise<number> {
  const { counts } = collector.progress
  expect(counts.received).toBe(ticksServed)
  expect(counts.written + dropped(collector, reason)).toBe(ticksServed)
  expect([...counts.dropped.keys()]).toEqual([reason])
  const [rows] = await ask(databaseUrl, 'SELECT count(*)::int AS rows, count(DISTINCT (session_id, seq))::int AS seqs FROM quotes')
  expect(rows).toEqual({ rows: counts.written, seqs: counts.written })
  return dropped(collector, reason)
}

/** Holds and lets go what every file's datasync does. */
async function failingDisk(): Promise<{ fail: () => void; mend: () => void }> {
  const handle = await fileHandlePrototype()
  const { datasync } = handle
  const mend = () => void Object.assign(handle, { datasync })
  onTestFinished(mend)
  return { fail: () => void Object.assign(handle, { datasync: () => Promise.reject(new Error('EIO: fdatasync')) }), mend }
}

/** A file system of its own, of so many bytes. */
async function smallDisk(bytes: number): Promise<string> {
  const folder = await folderForTest()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tapedeck-test', folder])
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]))
  return folder
}

forEachEdition('a collector', (edition) => {
  it('whose journal is full while the database is away drops ticks, says so, and goes on when the database has taken some', async () => {
    const databaseUrl = await edition.createDatabase()
    const proxy = await startPostgresProxy(databaseUrl)
    onTestFinished(() => proxy.close())
    const { gateway, port } = await room.serveFile(tape, SERVING)
    const collector = await startCollecting({
      port,
      underlyings,
      databaseUrl: proxy.url(databaseUrl),
      // One file holds more than the limit: it must be ended for the database to free it.
      journal: { segmentBytes: 1 << 26, limitBytes: 1 << 18 },
      metrics: METRICS,
    })
    await collector.until('ticks are written', ({ counts }) => counts.written > 500)
    proxy.cut()
    await collector.until('ticks are dropped', () => dropped(collector, 'journal-full') > 200)
    await says(collector, 'the journal is full: ticks are dropped until the database takes some of it\n')
    expect(await collector.said('ticks are dropped from now on')).toMatchObject({ level: 50, reason: 'journal-full' })
    const metrics = await (await fetch(`http://127.0.0.1:${collector.progress.metricsPort}/metrics`)).text()
    expect(metrics).toMatch(/^tapedeck_ticks_dropped_total\{reason="journal-full"\} [1-9]/m)
    const unreleased = Number(/^tapedeck_journal_unreleased_bytes (\d+)$/m.exec(metrics)?.[1])
    expect(unreleased).toBeGreaterThanOrEqual((1 << 18) * 0.9)
    expect(unreleased).toBeLessThan((1 << 18) * 1.5)

    proxy.resume()
    await storesAgain(collector)
    const { ticksServed } = await gateway.ended
    await collector.until('all of it is received', ({ counts }) => counts.received === ticksServed)
    const { sessionId } = await collector.stop()

    expect(await collector.said('ticks were dropped; a gap names them')).toMatchObject({ level: 50, cause: 'dropped: journal-full' })
    const ticks = await expectSum(databaseUrl, collector, ticksServed, 'journal-full')
    const gaps = await expectNamedDrops(databaseUrl, sessionId, TAPE, 'dropped: journal-full')
    expect(gaps.reduce((sum, { droppedTicks }) => sum + (droppedTicks ?? 0), 0)).toBe(ticks)
    expect(await collector.unreleased()).toEqual([])
  })

  it('whose journal is full until the recording ends records that gap too', async () => {
    const databaseUrl = await edition.createDatabase()
    const proxy = await startPostgresProxy(databaseUrl)
    onTestFinished(() => proxy.close())
    proxy.cut()
    const { gateway, port } = await room.serveFile(tape, { ...SERVING, speed: 'max' })
    const collector = await startCollecting({
      port,
      underlyings,
      databaseUrl: proxy.url(databaseUrl),
      journal: { segmentBytes: 1 << 14, limitBytes: 1 << 17 },
    })
    const { ticksServed } = await gateway.ended
    await collector.until('all of it is received', ({ counts }) => counts.received === ticksServed)
    expect(dropped(collector, 'journal-full')).toBeGreaterThan(0)
    proxy.resume()
    const { sessionId } = await collector.stop()

    const ticks = await expectSum(databaseUrl, collector, ticksServed, 'journal-full')
    const gaps = await expectNamedDrops(databaseUrl, sessionId, TAPE, 'dropped: journal-full')
    expect(gaps.reduce((sum, { droppedTicks }) => sum + (droppedTicks ?? 0), 0)).toBe(ticks)
  })

  it('whose disk makes nothing durable keeps ticks in memory as far as they may, drops the others and goes on when it is mended', async () => {
    const databaseUrl = await edition.createDatabase()
    const { gateway, port } = await room.serveFile(tape, SERVING)
    const collector = await startCollecting({ port, underlyings, databaseUrl, journal: { memoryBytes: 1 << 18 }, metrics: METRICS })
    await collector.until('ticks are written', ({ counts }) => counts.written > 500)
    const disk = await failingDisk()
    disk.fail()
    await collector.until('ticks are dropped', () => dropped(collector, 'journal-failed') > 200)
    // A slow disk may have had some dropped before.
    await says(collector, 'the journal cannot be written and memory is full: ticks are dropped\n')
    disk.mend()
    expect(await collector.said('the journal is written again')).toMatchObject({ level: 30 })
    expect(collector.logged.filter(({ msg }) => msg.startsWith('the journal cannot be written'))).toHaveLength(1)
    const { ticksServed } = await gateway.ended
    await collector.until('all of it is received', ({ counts }) => counts.received === ticksServed)
    const { sessionId } = await collector.stop()

    const ticks = await expectSum(databaseUrl, collector, ticksServed, 'journal-failed')
    const gaps = await expectNamedDrops(databaseUrl, sessionId, TAPE, 'dropped: journal-failed')
    expect(gaps.reduce((sum, { droppedTicks }) => sum + (droppedTicks ?? 0), 0)).toBe(ticks)
  })

  it(`whose disk is full says what to do, and loses nothing when there is space again${isRoot ? '' : ' (needs root, to mount a small disk)'}`, async ({
    skip,
  }) => {
    skip(!isRoot, 'only root can mount a small disk')
    const databaseUrl = await edition.createDatabase()
    const dataDir = await smallDisk(8 << 20)
    // What is left is room for a third of the tape.
    const ballast = join(dataDir, 'ballast')
    await writeFile(ballast, Buffer.alloc((8 << 20) - (512 << 10)))
    const { gateway, port } = await room.serveFile(tape, SERVING)
    const collector = await startCollecting({ port, underlyings, databaseUrl, dataDir, metrics: METRICS })
    expect(await collector.said('the journal cannot be written')).toMatchObject({
      level: 50,
      reason: expect.stringContaining('ENOSPC') as string,
      msg: expect.stringContaining('Free the disk') as string,
    })
    await says(collector, 'the journal cannot be written; ticks wait in memory\n')
    const { received } = collector.progress.counts
    await collector.until('more ticks come', ({ counts }) => counts.received > received + 1000)
    await rm(ballast)
    await storesAgain(collector)
    const { ticksServed } = await gateway.ended
    await collector.until('everything is written', ({ counts }) => counts.written === ticksServed)
    const { sessionId, counts } = await collector.stop()

    expect([...counts.dropped]).toEqual([])
    expect(await expectNamedDrops(databaseUrl, sessionId, TAPE, 'none')).toEqual([])
  })
})
