/** `tapedeck backfill`, killed three times in the middle, comes to the same as without, and repeats no finished request. */

import { expect, it, onTestFinished } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { addDays } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { SECOND_US, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { linesOf, placeForTest, type Run } from '../support/process/command.ts'

const SLOW_MS = 600_000
const HISTORICAL_DATA = '20'
const HISTORICAL_TICKS = '96'
const TODAY = new Date().toISOString().slice(0, 10)
const SESSIONS = nyse.sessions('2014-05-19', '2014-06-06')

const trades = SESSIONS.map(
  ({ openUs }, day): TapeRecord => ({
    kind: 'trade',
    seq: 0,
    tsUs: openUs + SECOND_US,
    instrument: 0,
    price: 70 + day,
    size: 100,
    source: 'import',
  }),
)

/** Sessions that are over, and of which IB still has the ticks. */
const RECENT = nyse.sessions(addDays(TODAY, -12), addDays(TODAY, -2)).slice(-2)

/** Several pages of trades and two of quotes in each session, many of one second. */
function recentTicks(): TapeRecord[] {
  return RECENT.flatMap(({ openUs }) =>
    Array.from({ length: 6000 }, (_, i): TapeRecord => {
      const base = { seq: 0, tsUs: openUs + Math.floor(i / 70) * 60 * SECOND_US + (i % 70), instrument: 0 }
      const price = 70 + (i % 11) / 100
      if (i % 4 === 0) return { kind: 'quote', ...base, bidPrice: price - 0.01, bidSize: 1, askPrice: price, askSize: 1 + (i % 3) }
      return { kind: 'trade', ...base, price, size: 100 + (i % 5), source: 'import', venue: 'NYSE' }
    }),
  )
}

forEachEdition('a backfill that is killed', ({ createDatabase }) => {
  it(
    'goes on where it was killed',
    async () => {
      const room = await tapeRoom()
      onTestFinished(() => room.clear())
      const { gateway, port } = await room.serve(tapeOf(trades), { startAfterLines: 0 })
      await gateway.ended
      const proxy = await startGatewayProxy(port)
      onTestFinished(() => proxy.close())
      const place = await placeForTest()
      const env = { DATABASE_URL: await createDatabase() }
      const range = ['--length', '1m', '--from', '2014-05-19', '--to', '2014-06-07', '--gateway', String(proxy.port)]
      const start = (...more: string[]): Run => place.tapedeck(['backfill', '--symbols', 'TWX', ...range, ...more], env)
      const rows = async (sql: string) => {
        const client = await connectClient(env.DATABASE_URL)
        try {
          return (await client.query<Record<string, unknown>>(sql)).rows
        } finally {
          await client.end()
        }
      }

      const dry = await start('--dry-run').ended
      expect(dry).toMatchObject({ code: 0, stderr: '' })
      expect(dry.stdout).toMatch(/^Requests +14$/m)
      expect(linesOf(dry.stdout).filter((line) => line.length > 80)).toEqual([])

      const asked: string[] = []
      for (const killedAt of [3, 8, 13]) {
        const run = start()
        proxy.answer = ([type, ...fields]) => {
          if (type !== HISTORICAL_DATA) return undefined
          asked.push(String(fields[14]))
          if (asked.length >= killedAt) run.child.kill('SIGKILL')
          return undefined
        }
        expect((await run.ended).code).toBe('SIGKILL')
      }
      const finished = await rows("SELECT count(*)::int AS finished FROM backfill_requests WHERE outcome = 'stored'")
      proxy.answer = ([type, ...fields]) => {
        if (type === HISTORICAL_DATA) asked.push(String(fields[14]))
        return undefined
      }
      const before = asked.length
      const end = await start('--json').ended
      expect(end.code).toBe(0)
      const left = SESSIONS.length - Number(finished[0]?.['finished'])
      expect(JSON.parse(end.stdout)).toMatchObject({ requests: left, sent: left, finished: left, refused: [], interrupted: false })
      expect(asked.length - before).toBe(left)
      expect(await rows('SELECT session_date::text, close, source FROM bars WHERE bar_seconds = 60 ORDER BY start_ts')).toEqual(
        SESSIONS.map(({ date }, day) => ({ session_date: date, close: 70 + day, source: 'broker' })),
      )
      expect(await rows(`SELECT from_ts FROM backfill_requests WHERE outcome = 'stored' GROUP BY from_ts HAVING count(*) > 1`)).toEqual([])
    },
    SLOW_MS,
  )

  it(
    'goes on with ticks in the middle of a session of the market',
    async () => {
      const room = await tapeRoom()
      onTestFinished(() => room.clear())
      const ticks = recentTicks()
      const { gateway, port } = await room.serve(tapeOf(ticks), {
        startAfterLines: 0,
        limits: { messagesPerSecond: 0, historyPacing: true },
      })
      await gateway.ended
      const proxy = await startGatewayProxy(port)
      onTestFinished(() => proxy.close())
      const place = await placeForTest()
      const env = { DATABASE_URL: await createDatabase() }
      const range = ['--what', 'trades,quotes', '--from', RECENT[0]?.date ?? '', '--to', addDays(RECENT.at(-1)?.date ?? '', 1)]
      const start = (...more: string[]): Run =>
        place.tapedeck(['backfill', '--symbols', 'TWX', ...range, '--gateway', String(proxy.port), ...more], env)
      const rows = async (sql: string) => {
        const client = await connectClient(env.DATABASE_URL)
        try {
          return (await client.query<Record<string, unknown>>(sql)).rows
        } finally {
          await client.end()
        }
      }

      let asked = 0
      for (const killedAt of [3, 8, 12]) {
        const run = start()
        proxy.answer = ([type]) => {
          if (type === HISTORICAL_TICKS && ++asked >= killedAt) run.child.kill('SIGKILL')
          return undefined
        }
        expect((await run.ended).code).toBe('SIGKILL')
      }
      proxy.answer = undefined
      const end = await start('--json').ended
      expect(end.code).toBe(0)
      expect(JSON.parse(end.stdout)).toMatchObject({ refused: [], leftOut: [], interrupted: false })

      const second = `(extract(epoch FROM event_ts) * 1000000)::float8 AS us`
      const trades = await rows(`SELECT ${second}, price, size FROM trades ORDER BY 1, 2, 3`)
      const byAll = (a: Record<string, unknown>, b: Record<string, unknown>) =>
        Number(a['us']) - Number(b['us']) || Number(a['price']) - Number(b['price']) || Number(a['size']) - Number(b['size'])
      const source = ticks.flatMap((tick) =>
        tick.kind === 'trade' ? [{ us: Math.floor(tick.tsUs / SECOND_US) * SECOND_US, price: tick.price, size: tick.size ?? 0 }] : [],
      )
      expect(trades).toEqual(source.sort(byAll))
      expect(await rows('SELECT count(*)::int AS quotes FROM quotes')).toEqual([{ quotes: ticks.length - source.length }])
      expect(await rows("SELECT kind, ended_cause, count(*)::int FROM sessions WHERE kind = 'history' GROUP BY 1, 2")).toEqual([
        { kind: 'history', ended_cause: 'complete', count: 2 * RECENT.length },
      ])
      expect(
        await rows("SELECT series, from_ts FROM backfill_requests WHERE outcome = 'stored' GROUP BY series, from_ts HAVING count(*) > 1"),
      ).toEqual([])
      expect(await rows("SELECT DISTINCT reason FROM backfill_requests WHERE reason LIKE '%pacing%'")).toEqual([])
      expect(await place.tapedeck(['verify', '--all'], env).ended).toMatchObject({ code: 0 })
    },
    SLOW_MS,
  )
})
