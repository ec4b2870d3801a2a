/** Runs of a collector: side by side, one after the other, and how they end. */

import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'

import { segmentName } from '../../collector/journal/directory.ts'
import { ConfigError } from '../../market/errors.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, folderForTest, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { type CollectorOptions, type CollectTotals, startCollector } from '../support/process/recording.ts'
import { type PostgresProxy, startPostgresProxy } from '../support/database/tcp-proxy.ts'
import { PATIENTLY } from '../support/waiting.ts'

const LINES = CONTRACTS.length

let room: TapeRoom
/** 100 s of tape time, served in 50 s. */
let tape: string
let shortTape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(busyQuotes(100_000, MS_US)))
  shortTape = await room.write(tapeOf(busyQuotes(2000, MS_US)))
})
afterAll(() => room.clear())

const slowly = { startAfterLines: LINES, publishTime: true, speed: 2 } as const

const countTicks = async (databaseUrl: string, sessionId: number) => {
  const [found] = await ask<{ ticks: number }>(
    databaseUrl,
    `SELECT (SELECT count(*) FROM quotes WHERE session_id = ${sessionId})::int + (SELECT count(*) FROM rejected_ticks WHERE session_id = ${sessionId})::int AS ticks`,
  )
  return found?.ticks
}

type Process = ReturnType<typeof startCollector>
type Progress = CollectTotals & { feed: string }

/** A collector as a process, killed at the latest when the test is over. */
function collectorProcess(options: Omit<CollectorOptions, 'symbol'>): Process {
  const collector = startCollector({ ...options, symbol: 'TWX' })
  onTestFinished(() => collector.kill('SIGKILL'))
  return collector
}

async function progressOf(collector: Process, condition: (totals: Progress) => boolean): Promise<void> {
  const reached = new Promise<void>((resolve) => {
    collector.onEvent<Progress>('progress', (totals) => condition(totals) && resolve())
  })
  await Promise.race([reached, collector.succeeded().then(() => expect.unreachable('the collector ended before'))])
}

forEachEdition('two collectors', (edition) => {
  it('in one folder are one too many: the second names the first and leaves it alone', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, slowly)
    const dataDir = await folderForTest()
    const first = await startCollecting({ port, databaseUrl, dataDir })
    await first.until('it records', ({ counts }) => counts.written > 0)
    const second = await startCollecting({ port, databaseUrl, dataDir, gateway: { clientId: 88 } })
    const error: unknown = await second.summary.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ code: 'directory-locked', message: expect.stringContaining(`is held by process ${process.pid} since`) })

    const { received } = first.progress.counts
    await first.until('it records on', ({ counts }) => counts.received > received)
    await first.stop()
    // The folder is free again.
    const third = await startCollecting({ port, databaseUrl, dataDir })
    await third.until('it records', ({ counts }) => counts.written > 0)
    await third.stop()
  })

  it('in folders of their own share one database, and both days are whole', async () => {
    const databaseUrl = await edition.createDatabase()
    const { gateway, port } = await room.serveFile(shortTape, { startAfterLines: 2 * LINES, publishTime: true })
    const collectors = await Promise.all(
      [87, 88].map((clientId) => startCollecting({ port, databaseUrl, gateway: { clientId }, untilEndOfTape: true })),
    )
    const summaries = await Promise.all(collectors.map((collector) => collector.end()))
    const { ticksServed } = await gateway.ended
    expect(new Set(summaries.map(({ sessionId }) => sessionId)).size).toBe(2)
    for (const { sessionId, counts, cause } of summaries) {
      expect(cause).toBe('end-of-tape')
      expect(counts).toMatchObject({ received: ticksServed / 2, written: ticksServed / 2, inFlight: 0, gaps: 0 })
      expect(await countTicks(databaseUrl, sessionId)).toBe(ticksServed / 2)
    }
    expect(await ask(databaseUrl, 'SELECT count(*)::int AS instruments FROM instruments')).toEqual([{ instruments: LINES }])
  })
})

forEachEdition('a collector that is told to stop', (edition) => {
  it('by SIGTERM writes everything that it has received, closes its lines, ends its session and exits with 0', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, slowly)
    const collector = collectorProcess({ port, databaseUrl, dataDir: await folderForTest() })
    await progressOf(collector, ({ written }) => written > 500)
    collector.kill('SIGTERM')
    const totals = await collector.event<CollectTotals>('summary')
    expect(await collector.exited).toBe(0)

    expect(totals).toMatchObject({ cause: 'SIGTERM', inFlight: 0, dropped: 0, gaps: 0 })
    expect(totals.written + totals.quarantined).toBe(totals.received)
    expect(await countTicks(databaseUrl, totals.sessionId)).toBe(totals.received)
    expect(await ask(databaseUrl, 'SELECT ended_cause, ended_ts IS NOT NULL AS ended FROM sessions')).toEqual([
      { ended_cause: 'SIGTERM', ended: true },
    ])
    expect(
      await ask(
        databaseUrl,
        'SELECT cause, count(*)::int AS lines FROM line_holds WHERE feed IS NULL AND closed_ts IS NOT NULL GROUP BY cause',
      ),
    ).toEqual([{ cause: 'SIGTERM', lines: LINES }])
  })

  describe.each<[string, (proxy: PostgresProxy) => unknown]>([
    ['is away', (proxy) => proxy.cut()],
    ['has stopped answering in the middle of a batch', (proxy) => proxy.holdCopyData().reached],
    ['has stopped answering at a commit', (proxy) => proxy.holdReplyToCommit().reached],
  ])('while the database %s', (_, disturb) => {
    it('waits for it until a second signal, and then exits; the next run brings the rest', async () => {
      const databaseUrl = await edition.createDatabase()
      const proxy = await startPostgresProxy(databaseUrl)
      onTestFinished(() => proxy.close())
      const { port } = await room.serveFile(tape, slowly)
      const dataDir = await folderForTest()
      const collector = collectorProcess({ port, databaseUrl: proxy.url(databaseUrl), dataDir })
      await progressOf(collector, ({ written }) => written > 500)
      await disturb(proxy)
      await progressOf(collector, ({ inFlight }) => inFlight > 0)
      collector.kill('SIGTERM')
      // Two signals at once are one press of a key; a second's worth of progress reports sets them apart.
      let reports = 0
      await progressOf(collector, ({ feed }) => feed === 'stopped' && ++reports === 4)
      collector.kill('SIGTERM')
      expect(await collector.exited).toBe(0)
      const left = await collector.event<CollectTotals>('summary')
      expect(left.inFlight).toBeGreaterThan(0)
      expect(left.written + left.quarantined + left.inFlight).toBe(left.received)

      proxy.cut()
      const next = await startCollecting({ port, databaseUrl, dataDir })
      await next.until(
        'it has brought the rest',
        ({ counts: { recovered, written } }) => written > 0 && recovered.committed >= left.inFlight,
      )
      await next.stop()
      expect(await countTicks(databaseUrl, left.sessionId)).toBe(left.received)
    })
  })

  it('while its disk takes nothing waits for that too until it is forced, and says what it lost', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, slowly)
    const collector = await startCollecting({ port, databaseUrl, journal: { segmentBytes: 1 << 16 } })
    await collector.until('it records', ({ counts }) => counts.written > 0)
    // A file where the folder was: the open segment can still be written, the next one cannot be made.
    await vi.waitFor(async () => {
      await rm(collector.journal, { recursive: true, force: true })
      await writeFile(collector.journal, '')
    }, PATIENTLY)
    await collector.said('the journal cannot be written')
    const { received } = collector.progress.counts
    await collector.until('it goes on in memory', ({ counts }) => counts.received > received + 500)

    const { counts } = await collector.force('forced')
    const lost = counts.dropped.get('journal-failed') ?? 0
    expect(lost).toBeGreaterThanOrEqual(500)
    expect(await collector.said('ticks are lost')).toMatchObject({ level: 50, ticks: lost })
  })
})

forEachEdition('the segments of a finished run', (edition) => {
  it('are put away, and deleted when their days are over', async () => {
    const databaseUrl = await edition.createDatabase()
    const dataDir = await folderForTest()
    const released = join(dataDir, 'journal', 'released')
    await mkdir(released, { recursive: true })
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)
    for (const [segment, days] of [
      [1, 4],
      [2, 2],
    ] as const) {
      const path = join(released, segmentName(1, segment))
      await writeFile(path, '')
      await utimes(path, daysAgo(days), daysAgo(days))
    }
    const { port } = await room.serveFile(shortTape, { startAfterLines: LINES, publishTime: true })
    const collector = await startCollecting({
      port,
      databaseUrl,
      dataDir,
      journal: { keepDays: 3, segmentBytes: 1 << 16 },
      untilEndOfTape: true,
    })
    const { sessionId } = await collector.end()

    expect(await collector.unreleased()).toEqual([])
    const kept = (await readdir(released)).sort()
    expect(kept[0]).toBe(segmentName(1, 2))
    expect(kept.length).toBeGreaterThanOrEqual(2)
    expect(kept.slice(1)).toEqual(kept.slice(1).map((_, i) => segmentName(sessionId, i + 1)))
    expect(await collector.said('old journal segments deleted')).toMatchObject({ segments: 1 })
  })
})
