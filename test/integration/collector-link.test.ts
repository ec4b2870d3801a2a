/** The gateway goes away, or loses IB, or comes back another: what was covered is said truly, what was not is named. */

import { cp } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'

import { isConnected } from '../../collector/ib/link/connection.ts'
import { listSegments } from '../../collector/journal/directory.ts'
import { readRecords } from '../../db/tape/reader.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, type Collecting, folderForTest, PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { type Edition, forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, type TapeRoom, TWX, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { type GatewayProxy, startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { startGatewayProcess } from '../support/process/recording.ts'
import { GAPS_BEHIND_START } from '../support/database/gaps.ts'

const LINES = CONTRACTS.length
const CONNECTIVITY_LOST = [4, 2, -1, 1100, 'Connectivity between IB and Trader Workstation has been lost.', ''] as const
const CONNECTIVITY_RESTORED = [
  4,
  2,
  -1,
  1102,
  'Connectivity between IB and Trader Workstation has been restored - data maintained.',
  '',
] as const

let room: TapeRoom
/** Long enough for every test on any machine: 1000 s of tape time. */
let tape: string
/** The same for the stock alone: what a recorder on today's clock finds, whose chain of 2014 has expired. */
let stockTape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(busyQuotes(100_000, 10 * MS_US)))
  stockTape = await room.write(tapeOf(busyQuotes(100_000, 10 * MS_US, [TWX]), [TWX]))
})
afterAll(() => room.clear())

interface Hold {
  instrument: string
  opened: number
  closed: number
  until: number
  cause: string
}

interface Gap {
  session: string
  from: number
  to: number
  cause: string
}

const us = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::float8`

/** In the order in which the lines were opened. */
const holdsOf = (databaseUrl: string, sessionId: number) =>
  ask<Hold>(
    databaseUrl,
    `SELECT key AS instrument, ${us('opened_ts')} AS opened, ${us('closed_ts')} AS closed, ${us('until_ts')} AS until, cause
     FROM line_holds JOIN instruments USING (instrument_id) WHERE session_id = ${sessionId} ORDER BY opened_seq`,
  )

const gapsIn = (databaseUrl: string) =>
  ask<Gap>(
    databaseUrl,
    `SELECT session_id::text AS session, ${us('from_ts')} AS from, ${us('to_ts')} AS to, cause FROM ${GAPS_BEHIND_START} ORDER BY session_id, seq`,
  )

/** Times of the quotes of a session. */
const quoteTimes = async (databaseUrl: string, sessionId: number) =>
  (await ask<{ at: number }>(databaseUrl, `SELECT ${us('ts')} AS at FROM quotes WHERE session_id = ${sessionId} ORDER BY ts`)).map(
    ({ at }) => at,
  )

interface Recording {
  collector: Collecting
  proxy: GatewayProxy
  databaseUrl: string
}

/** A collector that records through a proxy from a gateway that plays about ten seconds of tape per second. */
async function recording(edition: Edition, options: Partial<Parameters<typeof startCollecting>[0]> = {}): Promise<Recording> {
  const databaseUrl = await edition.createDatabase()
  const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 10 })
  const proxy = await startGatewayProxy(port)
  onTestFinished(() => proxy.close())
  const collector = await startCollecting({ port: proxy.port, databaseUrl, ...options })
  await moreTicks(collector)
  return { collector, proxy, databaseUrl }
}

async function moreTicks(collector: Collecting, more = 200): Promise<void> {
  let from: number | undefined
  await collector.until(`${more} more ticks`, ({ counts }) => {
    from ??= counts.received
    return counts.received >= from + more
  })
}

forEachEdition('a collector whose gateway', (edition) => {
  it('is lost and found again closes its lines as of the last sign of life, opens them under new ids and names the gap', async () => {
    const { collector, proxy, databaseUrl } = await recording(edition)
    proxy.cut()
    await collector.until('the loss is noticed', ({ feed, counts }) => !isConnected(feed) && counts.lines === 0)
    proxy.resume()
    await collector.until('all lines are open again', ({ counts }) => counts.lines === LINES)
    await moreTicks(collector)
    const { sessionId, counts } = await collector.stop('stopped')
    expect(counts.gaps).toBe(1)

    const holds = await holdsOf(databaseUrl, sessionId)
    const [before, after] = [holds.slice(0, LINES), holds.slice(LINES)]
    expect(after).toHaveLength(LINES)
    const times = await quoteTimes(databaseUrl, sessionId)
    const [gap, ...others] = await gapsIn(databaseUrl)
    expect(others).toEqual([])
    for (const hold of before) {
      expect(hold).toMatchObject({ cause: 'link-lost', until: gap?.from })
      expect(hold.closed).toBeGreaterThanOrEqual(hold.until)
    }
    for (const hold of after) {
      expect(hold.cause).toBe('stopped')
      expect(hold.opened).toBeLessThanOrEqual(gap?.to ?? 0)
      expect(hold.until).toBeGreaterThanOrEqual(hold.opened)
      expect(hold.closed).toBeGreaterThanOrEqual(hold.until)
    }
    expect(gap?.cause).toMatch(/closed the connection|ECONNRESET/)
    // No tick lies in the gap but the first states that the new lines were given while it was being closed.
    const lastBefore = Math.max(...times.filter((at) => at <= (gap?.from ?? 0)))
    expect(gap?.from).toBeGreaterThanOrEqual(lastBefore)
    expect(times.filter((at) => at > (gap?.from ?? 0) && at < (after[0]?.opened ?? 0))).toEqual([])
    // Each line was asked for twice, never under the same number.
    const ids = proxy.marketDataRequests.map((fields) => fields[2])
    expect(ids).toHaveLength(2 * LINES)
    expect(new Set(ids).size).toBe(2 * LINES)
  })

  it('is cut off in the middle of a quote keeps the half of it out of the quotes', async () => {
    const { collector, proxy, databaseUrl } = await recording(edition)
    const reqId = proxy.marketDataRequests.at(-1)?.[2] ?? ''
    proxy.silence()
    const { received } = collector.progress.counts
    // A new bid, and the connection ends before its ask.
    proxy.say(1, 6, reqId, 1, 77.77, 7, 1)
    proxy.cut()
    await collector.until('the loss is noticed', ({ feed, counts }) => !isConnected(feed) && counts.received > received)
    proxy.resume()
    await collector.until('all lines are open again', ({ counts }) => counts.lines === LINES)
    await collector.stop()

    expect(await ask(databaseUrl, 'SELECT seq FROM quotes WHERE bid_price = 77.77')).toEqual([])
    expect(
      await ask(databaseUrl, "SELECT rules, tick->'bidPrice' AS bid FROM rejected_ticks WHERE tick->'bidPrice' = '77.77'::jsonb"),
    ).toEqual([{ rules: 'unfinished', bid: 77.77 }])
  })

  it('falls silent while the socket lives is given up, and the gap reaches back to the last thing it said', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(stockTape, { startAfterLines: 1, speed: 10 })
    const proxy = await startGatewayProxy(port)
    onTestFinished(() => proxy.close())
    const collector = await startCollecting({ port: proxy.port, databaseUrl, gateway: { clock: 'wall', heartbeatMs: 1000 } })
    await moreTicks(collector, 20)
    proxy.silence()
    await collector.until('the loss is noticed', ({ counts }) => counts.lines === 0)
    const noticedUs = Date.now() * 1000
    await collector.until('the line is open again', ({ counts }) => counts.lines === 1)
    await moreTicks(collector, 20)
    const { sessionId } = await collector.stop()

    const [hold] = await holdsOf(databaseUrl, sessionId)
    const [gap, ...others] = await gapsIn(databaseUrl)
    expect(others).toEqual([])
    expect(gap?.cause).toContain('said nothing for 1000 ms')
    expect(hold?.until).toBe(gap?.from)
    // Nothing is given up before a whole heartbeat has passed in silence; a timer may be a few milliseconds early.
    expect(gap?.from).toBeLessThan(noticedUs - 900_000)
    const times = await quoteTimes(databaseUrl, sessionId)
    expect(times.filter((at) => at > (gap?.from ?? 0) && at < noticedUs)).toEqual([])
  })

  it('is killed and comes back as a new process records on, the gap named in the one session', async () => {
    const databaseUrl = await edition.createDatabase()
    const first = startGatewayProcess(stockTape, 1, ['--speed', '10'])
    const { port } = await first.event<{ port: number }>('listening')
    onTestFinished(() => first.kill('SIGKILL'))
    const collector = await startCollecting({ port, databaseUrl, gateway: { clock: 'wall' } })
    await moreTicks(collector, 20)
    first.kill('SIGKILL')
    await first.exited
    await collector.until('the loss is noticed', ({ counts }) => counts.lines === 0)
    const second = startGatewayProcess(stockTape, 1, ['--speed', '10', '--port', String(port)])
    onTestFinished(() => second.kill('SIGKILL'))
    await collector.until('the line is open again', ({ counts }) => counts.lines === 1)
    await moreTicks(collector, 20)
    const { sessionId } = await collector.stop('stopped')

    const holds = await holdsOf(databaseUrl, sessionId)
    expect(holds.map(({ cause }) => cause)).toEqual(['link-lost', 'stopped'])
    const gaps = await gapsIn(databaseUrl)
    expect(gaps).toEqual([{ session: String(sessionId), from: holds[0]?.until, to: expect.any(Number), cause: expect.any(String) }])
    expect(gaps[0]?.to).toBeGreaterThanOrEqual(holds[1]?.opened ?? Number.POSITIVE_INFINITY)
    expect(await ask(databaseUrl, 'SELECT count(*)::int AS sessions FROM sessions')).toEqual([{ sessions: 1 }])
  })

  it('comes back with an earlier time begins a new session, in which time rises again', async () => {
    const databaseUrl = await edition.createDatabase()
    const first = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 10 })
    const collector = await startCollecting({ port: first.port, databaseUrl })
    await moreTicks(collector)
    await first.gateway.stop()
    await collector.until('the loss is noticed', ({ counts }) => counts.lines === 0)
    await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 10, port: first.port })
    await collector.until('all lines are open again', ({ counts }) => counts.lines === LINES)
    await moreTicks(collector)
    const { sessionId } = await collector.stop('stopped')

    const sessions = await ask<{ session: string; cause: string }>(
      databaseUrl,
      'SELECT session_id::text AS session, ended_cause AS cause FROM sessions ORDER BY session_id',
    )
    expect(sessions).toEqual([
      { session: expect.any(String), cause: 'gateway-time-went-back' },
      { session: String(sessionId), cause: 'stopped' },
    ])
    const old = Number(sessions[0]?.session)
    const [before, after] = [await quoteTimes(databaseUrl, old), await quoteTimes(databaseUrl, sessionId)]
    expect(before.length).toBeGreaterThanOrEqual(200)
    expect(after.length).toBeGreaterThanOrEqual(200)
    expect(after[0]).toBeLessThan(before.at(-1) ?? 0)
    // The gap began in the old session's time, and is named there.
    const [gap] = await gapsIn(databaseUrl)
    expect(gap).toMatchObject({ session: String(old), from: (await holdsOf(databaseUrl, old))[0]?.until })
  })

  describe('loses IB', () => {
    it('and has it back with its lines is covered but for the time between, named after the code', async () => {
      const { collector, proxy, databaseUrl } = await recording(edition)
      proxy.say(...CONNECTIVITY_LOST)
      await collector.said(CONNECTIVITY_LOST[4])
      await moreTicks(collector)
      proxy.say(...CONNECTIVITY_RESTORED)
      await collector.until('the gap is named', ({ counts }) => counts.gaps === 1)
      const { sessionId } = await collector.stop('stopped')

      expect(await gapsIn(databaseUrl)).toEqual([
        { session: String(sessionId), from: expect.any(Number), to: expect.any(Number), cause: 'ib-1100' },
      ])
      expect((await holdsOf(databaseUrl, sessionId)).map(({ cause }) => cause)).toEqual(Array(LINES).fill('stopped'))
    })

    it('and its lines with it opens them all again', async () => {
      const { collector, proxy, databaseUrl } = await recording(edition)
      proxy.say(4, 2, -1, 1101, 'Connectivity between IB and Trader Workstation has been restored - data lost.', '')
      await collector.until('the gap is named', ({ counts }) => counts.gaps === 1)
      expect(collector.progress.counts.lines).toBe(LINES)
      await collector.stop('stopped')

      const [gap, ...others] = await gapsIn(databaseUrl)
      expect(others).toEqual([])
      expect(gap?.cause).toBe('ib-1101')
      const holds = await holdsOf(databaseUrl, Number(gap?.session))
      expect(holds.map(({ cause }) => cause)).toEqual([...Array(LINES).fill('ib-1101'), ...Array(LINES).fill('stopped')])
      for (const { until } of holds.slice(0, LINES)) expect(until).toBe(gap?.from)
      for (const { opened } of holds.slice(LINES)) expect(opened).toBeLessThanOrEqual(gap?.to ?? 0)
      expect(new Set(proxy.marketDataRequests.map((fields) => fields[2])).size).toBe(2 * LINES)
    })

    it('and then the link too is one gap', async () => {
      const { collector, proxy, databaseUrl } = await recording(edition)
      proxy.say(...CONNECTIVITY_LOST)
      await collector.said(CONNECTIVITY_LOST[4])
      proxy.cut()
      await collector.until('the loss is noticed', ({ counts }) => counts.lines === 0)
      proxy.resume()
      await collector.until('the gap is named', ({ counts }) => counts.gaps === 1)
      await collector.stop()

      expect(await gapsIn(databaseUrl)).toEqual([expect.objectContaining({ cause: 'ib-1100' })])
    })

    it('while its lines are opened again is not covered before it has IB back, though they are open', async () => {
      const { collector, proxy, databaseUrl } = await recording(edition)
      proxy.cut()
      await collector.until('the loss is noticed', ({ counts }) => counts.lines === 0)
      proxy.answer = ([id]) => {
        if (id === '1') proxy.say(...CONNECTIVITY_LOST)
        return undefined
      }
      proxy.resume()
      await collector.until('all lines are open again', ({ counts }) => counts.lines === LINES)
      await moreTicks(collector)
      expect(collector.progress.counts.gaps).toBe(0)
      const lastUs = collector.progress.marketTimeUs ?? expect.unreachable()
      proxy.say(...CONNECTIVITY_RESTORED)
      await collector.until('the gap is named', ({ counts }) => counts.gaps === 1)
      await collector.stop()

      const [gap] = await gapsIn(databaseUrl)
      expect(gap?.to).toBeGreaterThanOrEqual(lastUs)
    })
  })

  it('crashes with its own gap still open leaves it to the next run, from its first moment and under its first name', async () => {
    const dataDir = await folderForTest()
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(stockTape, { startAfterLines: 1, speed: 10 })
    const proxy = await startGatewayProxy(port)
    onTestFinished(() => proxy.close())
    // The database sees nothing before the last run, so that all of it is read from the journal.
    const nowhere = 'postgresql://nobody@127.0.0.1:1/nothing'
    const settings = { port: proxy.port, gateway: { clock: 'wall' } as const, drainTimeoutMs: 10 }

    const first = await startCollecting({ ...settings, databaseUrl: nowhere, dataDir })
    await moreTicks(first, 20)
    proxy.say(...CONNECTIVITY_LOST)
    await first.said(CONNECTIVITY_LOST[4])
    const lostUs = Date.now() * 1000
    await moreTicks(first, 20)
    const crashed = await crashImage(first)
    // It would take the client id from the last run.
    await first.force()

    // The second run dies before it has a line.
    proxy.cut()
    const second = await startCollecting({ ...settings, databaseUrl: nowhere, dataDir: crashed })
    await vi.waitFor(async () => expect(await sessionEvents(second)).toMatchObject([{}, ['started', 'interrupted']]), PATIENCE)
    const crashedAgain = await crashImage(second)
    await second.force()

    proxy.resume()
    const third = await startCollecting({ ...settings, databaseUrl, dataDir: crashedAgain, drainTimeoutMs: 30_000 })
    await third.until('the gap is named', ({ counts }) => counts.gaps === 1)
    const { sessionId, counts } = await third.stop('stopped')
    expect(counts.recovered.committed).toBe(counts.recovered.found)

    const [gap, ...others] = await gapsIn(databaseUrl)
    expect(others).toEqual([])
    expect(gap).toMatchObject({ session: String(sessionId), cause: 'ib-1100' })
    expect(gap?.from).toBeLessThanOrEqual(lostUs)
    const [hold] = await holdsOf(databaseUrl, sessionId)
    expect(gap?.to).toBeGreaterThanOrEqual(hold?.opened ?? Number.POSITIVE_INFINITY)
    const ended = await ask(databaseUrl, 'SELECT ended_cause AS cause FROM sessions ORDER BY session_id')
    expect(ended).toEqual([{ cause: 'crash' }, { cause: 'crash' }, { cause: 'stopped' }])
  })

  it('hangs up with its last word is not lost but has ended', async () => {
    const { collector, proxy, databaseUrl } = await recording(edition, { untilEndOfTape: true })
    proxy.say(4, 2, -1, 99000, 'End of tape', '')
    proxy.cut()
    const { sessionId, cause, counts } = await collector.end()
    expect({ cause, gaps: counts.gaps }).toEqual({ cause: 'end-of-tape', gaps: 0 })
    expect((await holdsOf(databaseUrl, sessionId)).map(({ cause }) => cause)).toEqual(Array(LINES).fill('end-of-tape'))
  })

  it('was a replayed one when it crashed leaves no gap of years behind for a run on the time of today', async () => {
    const { collector, databaseUrl } = await recording(edition)
    const dataDir = await crashImage(collector)
    const { port } = await room.serveFile(stockTape, { startAfterLines: 1, speed: 10 })
    const today = await startCollecting({ port, databaseUrl, dataDir, gateway: { clock: 'wall' } })
    await moreTicks(today, 20)
    const { counts } = await today.stop()
    expect(counts.recovered.found).toBeGreaterThan(0)
    expect(counts.gaps).toBe(0)
  })

  it('answers a question about the chain with an error is asked again, and the lines come then', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 10 })
    const proxy = await startGatewayProxy(port)
    onTestFinished(() => proxy.close())
    let errors = 0
    proxy.answer = ([id, reqId]) => (id === '78' && errors++ === 0 ? [4, 2, reqId ?? '', 322, 'Error processing request', ''] : undefined)
    const collector = await startCollecting({ port: proxy.port, databaseUrl })
    expect(await collector.said('chain discovery was interrupted')).toMatchObject({ reason: expect.stringContaining('Error processing') })
    const { counts } = await collector.until('only the stock is recorded', ({ counts }) => counts.lines === 1)
    expect(counts.gaps).toBe(0)
    await collector.until('all lines are open', ({ counts }) => counts.lines === LINES)
    await collector.stop()
  })
})

/** What the journal says of each session in it. */
async function sessionEvents(collector: Collecting): Promise<string[][]> {
  const events = new Map<number, string[]>()
  for (const { path, sessionId } of await listSegments(collector.journal)) {
    const seen = events.get(sessionId) ?? []
    events.set(sessionId, seen)
    for await (const records of readRecords(path)) for (const record of records) if (record.kind === 'session') seen.push(record.event)
  }
  return [...events.values()]
}

/** The folder of a collector as a crash at this moment leaves it: what is on disk, and no lock. */
async function crashImage(collector: Collecting): Promise<string> {
  const copy = await folderForTest()
  await cp(collector.journal, join(copy, 'journal'), { recursive: true })
  return copy
}
