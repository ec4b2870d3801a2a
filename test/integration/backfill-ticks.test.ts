/** Ticks out of a gateway's history into the database: all of them, each once, within IB's limits, and none beside those that were recorded. */

import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'

import { backfill, type BackfillOptions } from '../../collector/backfill/backfill.ts'
import { historyWindows } from '../../collector/backfill/pacing.ts'
import { createPool, connectClient } from '../../db/pool.ts'
import { openRecordSource } from '../../db/read/record-source.ts'
import { findSession } from '../../db/read/sessions.ts'
import { tapeSource } from '../../db/tape/tape-source.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { verifySessions } from '../../db/verify/verify.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { usFromIso } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { JUNE_70_CALL, OPEN_US, SECOND_US, type TapeRoom, TWX, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { type GatewayProxy, startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { block } from '../support/tape/ticks.ts'

/** Of the ten minutes of IB: a gateway that measures as fast. */
const SCALE = 0.0005
const SESSIONS = nyse.sessions('2014-06-04', '2014-06-05')
const SHIPPED = fileURLToPath(new URL('../../tapes/twx-2014-06-05.tape', import.meta.url))
const HISTORICAL_TICKS = '96'
const REQUEST_START = 16

/** Every few minutes a second with some ticks; one with more than a page, and two that a page ends in. Before the opening and behind the close, too. */
const COUNTS = [3, 700, 0, 450, 1600, 1, 40, 999, 2, 17, 600, 5]

function madeTicks(): TapeRecord[] {
  return SESSIONS.flatMap(({ openUs, closeUs }, day) => {
    const second = (at: number, count: number): TapeRecord[] =>
      Array.from({ length: count }, (_, i): TapeRecord => {
        const base = { seq: 0, tsUs: at + i * 10, instrument: 0 }
        const price = 70 + day + (i % 9) / 100
        if (i % 3 === 0)
          return { kind: 'trade', ...base, price, size: 100 + (i % 4), source: 'import', venue: 'NYSE', conditions: i % 2 ? 'T' : '' }
        return { kind: 'quote', ...base, bidPrice: price - 0.01, bidSize: i % 5, askPrice: price, askSize: 1 + (i % 7) }
      })
    const within = COUNTS.flatMap((count, i) => second(openUs + i * 1200 * SECOND_US, count))
    return [...second(openUs - 60 * SECOND_US, 5), ...within, ...second(closeUs + SECOND_US, 5)]
  })
}

/** A tick as its second and what it says, whatever its place. */
function asText(record: TapeRecord): string[] {
  const second = Math.floor(record.tsUs / SECOND_US)
  if (record.kind === 'trade') {
    const { price, size = '', venue = '', conditions = '' } = record
    return [`${second} trade ${price} ${size} ${venue} ${conditions}`]
  }
  if (record.kind !== 'quote') return []
  const { bidPrice = '', bidSize = '', askPrice = '', askSize = '' } = record
  return [`${second} quote ${bidPrice} ${bidSize} ${askPrice} ${askSize}`]
}

const inHours = ({ tsUs }: TapeRecord) => SESSIONS.some(({ openUs, closeUs }) => openUs <= tsUs && tsUs < closeUs)

forEachEdition('a backfill of ticks', ({ createTapeDatabase }) => {
  let room: TapeRoom
  let port: number
  let url: string
  let proxy: GatewayProxy
  /** Where each request began. */
  let asked: string[]
  const limits = { messagesPerSecond: 0, historyPacing: true, historyPacingScale: SCALE }
  beforeAll(async () => {
    room = await tapeRoom()
    const { gateway } = await room.serve(tapeOf(madeTicks()), { startAfterLines: 0, limits })
    await gateway.ended
    port = gateway.port
  })
  afterAll(() => room.clear())
  beforeEach(async () => {
    url = await createTapeDatabase()
    await listen(port)
  })

  async function listen(to: number): Promise<void> {
    const started = await startGatewayProxy(to)
    proxy = started
    asked = []
    proxy.answer = (fields) => {
      if (fields[0] === HISTORICAL_TICKS) asked.push(fields.slice(REQUEST_START - 1, REQUEST_START + 3).join(' '))
      return undefined
    }
    onTestFinished(() => started.close())
  }

  function fill(options: Partial<BackfillOptions> = {}, contract: Contract = TWX) {
    return backfill({
      url,
      gateway: {
        host: '127.0.0.1',
        port: proxy.port,
        handshakeTimeoutMs: 5000,
        heartbeatMs: 60_000,
        messagesPerSecond: 1000,
        lines: 5000,
        retryDelays: { firstMs: 1 },
      },
      wanted: [{ contract, exchange: 'SMART' }],
      what: ['trades', 'quotes'],
      range: { from: '2014-06-04', to: '2014-06-06', series: 'trades', seconds: 60 },
      windows: historyWindows(SCALE),
      nowUs: usFromIso('2014-06-10T12:00:00Z'),
      ...options,
    })
  }

  async function rows(sql: string): Promise<Record<string, unknown>[]> {
    const client = await connectClient(url)
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }
  const stored = async (liveOnly = false) => {
    const source = await openRecordSource({ url }, { sessionId: 'all', liveOnly })
    const found: TapeRecord[] = []
    for await (const { records } of source.records()) found.push(...records)
    return found
  }
  const problems = async () => {
    const found: unknown[] = []
    for await (const proof of verifySessions({ url, query: { sessionId: 'all' } })) found.push(...proof.problems, ...proof.doubts)
    return found
  }
  const expected = () => madeTicks().filter(inHours).flatMap(asText).sort()

  it('has every tick of every second, whatever a page cuts, and asks for none of it again', async () => {
    const plan = await fill({ dryRun: true })
    expect(plan).toMatchObject({ requests: 4, requestsAreLeast: true, sent: 0 })
    const report = await fill()
    expect(report).toMatchObject({ requests: 4, refused: [], leftOut: [], interrupted: false })
    expect(report.refreshed.failure).toBeUndefined()
    expect(report.sent).toBe(asked.length)
    expect(report.finished).toBe(asked.length)
    const records = await stored()
    expect(records.flatMap(asText).sort()).toEqual(expected())
    const ticks = madeTicks().filter(inHours)
    expect(report.ticks).toEqual({
      trades: ticks.filter(({ kind }) => kind === 'trade').length,
      quotes: ticks.filter(({ kind }) => kind === 'quote').length,
    })
    expect(records.filter(({ kind }) => kind === 'session')).toEqual([])
    expect(await rows('SELECT kind, ended_cause, count(*)::int FROM sessions GROUP BY 1, 2')).toEqual([
      { kind: 'history', ended_cause: 'complete', count: 4 },
    ])
    expect(await rows("SELECT DISTINCT outcome FROM backfill_requests WHERE outcome NOT IN ('stored', 'no-data')")).toEqual([])
    expect(await problems()).toEqual([])
    await expect(stored(true)).rejects.toMatchObject({ code: 'no-session' })
    const before = asked.length
    expect(await fill()).toMatchObject({ requests: 0, sent: 0, doneBefore: 4 })
    expect(asked).toHaveLength(before)
  })

  it('goes on where it was stopped, and repeats no request that was answered', async () => {
    const stop = new AbortController()
    let answers = 0
    proxy.onPassed = ([type]) => {
      if ((type === '97' || type === '98') && ++answers === 5) stop.abort()
    }
    expect(await fill({ stop: stop.signal })).toMatchObject({ interrupted: true })
    const answered = await rows("SELECT instrument_id, series, from_ts FROM backfill_requests WHERE outcome = 'stored'")
    expect(answered.length).toBeGreaterThan(0)
    expect(await fill()).toMatchObject({ interrupted: false, refused: [] })
    expect((await stored()).flatMap(asText).sort()).toEqual(expected())
    expect(
      await rows(
        "SELECT series, from_ts FROM backfill_requests WHERE outcome IN ('stored', 'no-data') GROUP BY series, from_ts HAVING count(*) > 1",
      ),
    ).toEqual([])
    expect(await rows('SELECT kind, ended_cause, count(*)::int FROM sessions GROUP BY 1, 2')).toEqual([
      { kind: 'history', ended_cause: 'complete', count: 4 },
    ])
    expect(await problems()).toEqual([])
  })

  it('leaves out what was recorded, but for its gaps, and says so', async () => {
    const [day] = SESSIONS
    const at = (second: number) => (day?.openUs ?? 0) + second * SECOND_US
    // Of the first day from the middle of a second, an hour, less ten minutes.
    const [fromUs, toUs, gapUs, gapEndUs] = [at(1199) + 500_000, at(4800) + 1, at(2300), at(2900)]
    const line = { kind: 'line', instrument: 0, openedSeq: 3, openedTsUs: fromUs } as const
    const live: TapeRecord[] = [
      { kind: 'session', seq: 1, tsUs: fromUs - 2, event: 'started' },
      { kind: 'contract', seq: 2, tsUs: fromUs - 1, instrument: 0, contract: TWX },
      { ...line, seq: 3, tsUs: fromUs, event: 'opened' },
      { kind: 'trade', seq: 4, tsUs: at(1300), instrument: 0, price: 71, size: 1, source: 'last' },
      { kind: 'gap', seq: 5, tsUs: gapEndUs, fromTsUs: gapUs, toTsUs: gapEndUs, cause: 'link-lost' },
      { ...line, seq: 6, tsUs: toUs, event: 'closed', untilTsUs: toUs, cause: 'stopped' },
      { kind: 'session', seq: 7, tsUs: toUs + 1, event: 'ended', cause: 'stopped' },
    ]
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    await createTickStore({ pool }).store({ sessionId: 1, batchNo: 1, blocks: [block(live)] }, () => TWX)
    await pool.end()

    const report = await fill()
    expect(report.leftOut).toEqual([
      { what: 'trades of TWX', reason: expect.stringMatching(/^0\.83 h of 13\.00 h were recorded/) },
      { what: 'quotes of TWX', reason: expect.stringMatching(/^0\.83 h of 13\.00 h were recorded/) },
    ])
    const isRecorded = ({ tsUs }: TapeRecord) => (tsUs >= at(1199) && tsUs < gapUs) || (tsUs >= gapEndUs && tsUs < at(4801))
    const left = madeTicks().filter((tick) => inHours(tick) && !isRecorded(tick))
    expect(left.length).toBeLessThan(madeTicks().filter(inHours).length)
    const records = await stored()
    const own = live.flatMap(asText)
    expect(records.flatMap(asText).sort()).toEqual([...left.flatMap(asText), ...own].sort())
    expect((await stored(true)).flatMap(asText)).toEqual(own)
    const client = await connectClient(url)
    expect((await findSession(client, 'latest')).sessionId).toBe(1)
    await client.end()
    expect(await problems()).toEqual([])
  })

  it('refuses what cannot be had before a request is spent', async () => {
    const later = usFromIso('2018-01-05T12:00:00Z')
    await expect(fill({ nowUs: later })).rejects.toMatchObject({ code: 'backfill-range', message: expect.stringContaining('three years') })
    await expect(fill({ range: { from: '2014-06-07', to: '2014-06-09', series: 'trades', seconds: 60 } })).rejects.toMatchObject({
      code: 'backfill-range',
    })
    const expired = await fill({ nowUs: usFromIso('2014-07-10T12:00:00Z') }, JUNE_70_CALL)
    expect(expired).toMatchObject({ requests: 0, sent: 0 })
    expect(expired.refused).toHaveLength(2)
    expect(expired.refused[0]?.reason).toContain('expired')
    expect(asked).toEqual([])
    expect(await rows('SELECT * FROM backfill_requests')).toEqual([])
  })

  it('has the quotes of the shipped day', async () => {
    const { gateway } = await room.serveFile(SHIPPED, { startAfterLines: 0, limits })
    await gateway.ended
    await listen(gateway.port)
    const report = await fill({ range: { from: '2014-06-05', to: '2014-06-06', series: 'trades', seconds: 60 } })
    const wanted: string[] = []
    let stock: number | undefined
    for await (const { records } of tapeSource(SHIPPED).records())
      for (const record of records) {
        if (record.kind === 'contract' && contractKey(record.contract) === contractKey(TWX)) stock = record.instrument
        else if (record.kind === 'quote' && record.instrument === stock && record.tsUs >= OPEN_US && inHours(record))
          wanted.push(...asText(record))
      }
    expect(report.ticks).toEqual({ trades: 0, quotes: wanted.length })
    expect((await stored()).flatMap(asText).sort()).toEqual(wanted.sort())
    expect(wanted.length).toBeGreaterThan(300)
  })
})
