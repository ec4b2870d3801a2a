/** `tapedeck backfill`, killed three times in the middle, comes to the same as without, and repeats no finished request. */

import { expect, it, onTestFinished } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { SECOND_US, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { linesOf, placeForTest, type Run } from '../support/process/command.ts'

const SLOW_MS = 240_000
const HISTORICAL_DATA = '20'
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
})
