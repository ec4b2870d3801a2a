import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { fillTradingSessions } from '../../db/schema/trading-sessions.ts'
import { calendarOf, CALENDAR_CODES } from '../../market/calendar/calendars.ts'
import { marksText, MARK_NAMES } from '../../market/marks.ts'
import type { Trade, TradeSource } from '../../market/tick.ts'
import { setsPrice } from '../../market/trade-conditions.ts'
import { bestSource } from '../../market/trade-sources.ts'
import { forEachEdition } from '../support/database/databases.ts'

const SOURCES: readonly TradeSource[] = ['last', 'rt-volume', 'import', 'tick-by-tick']

forEachEdition('what bars of ticks are made by', ({ createTapeDatabase }) => {
  let client: pg.Client
  beforeAll(async () => {
    client = await connectClient(await createTapeDatabase())
    await fillTradingSessions(client, { isThorough: true })
  })
  afterAll(() => client.end())

  const ask = async <T extends pg.QueryResultRow>(sql: string, values: unknown[] = []) => (await client.query<T>(sql, values)).rows

  it('lets the same trades set a price as the program does', async () => {
    const conditions = fc.oneof(
      fc.constantFrom(undefined, '', ' I', '@FTI', '@ 4', '0', '00000020', '80000000', 'C', 'c0', 'FFFFFFFFFFFF', '1000000000', 'é'),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF@ CHIMNPQRUVWTX'.split('')), maxLength: 10 }),
    )
    const trade = fc.record({
      source: fc.constantFrom(...SOURCES),
      conditions,
      marks: fc.constantFrom(undefined, 0, ...MARK_NAMES.map((_, bit) => 1 << bit), (1 << 9) | 1),
    })
    const trades = fc.sample(trade, { numRuns: 3000, seed: 13 }) as Pick<Trade, 'source' | 'conditions' | 'marks'>[]
    const rows = await ask<{ sets: boolean }>(
      `SELECT tapedeck.sets_price(source, conditions, marks) AS sets
       FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS t (source, conditions, marks, n) ORDER BY n`,
      [
        trades.map(({ source }) => source),
        trades.map(({ conditions }) => conditions ?? null),
        trades.map(({ marks }) => marksText(marks) ?? null),
      ],
    )
    const differing = trades.filter((one, index) => setsPrice(one) !== rows[index]?.sets)
    expect(differing).toEqual([])
    expect(new Set(rows.map(({ sets }) => sets))).toEqual(new Set([true, false]))
  })

  it('ranks the sources of trades as the program does', async () => {
    const ranked = await ask<{ source: TradeSource }>(
      'SELECT source FROM unnest($1::text[]) AS source ORDER BY tapedeck.source_rank(source)',
      [SOURCES],
    )
    const left = new Set(SOURCES)
    for (const { source } of ranked) {
      expect(source).toBe(bestSource(left))
      left.delete(source)
    }
    expect(left.size).toBe(0)
  })

  describe('trading sessions', () => {
    it('are those of the calendars, holidays and early closes included', async () => {
      for (const code of CALENDAR_CODES) {
        const sessions = calendarOf(code)?.sessions('2013-01-01', '2014-12-31') ?? []
        const rows = await ask<{ date: string; open: string; close: string; early: boolean }>(
          `SELECT session_date::text AS date, extract(epoch FROM open_ts) * 1000000 AS open, extract(epoch FROM close_ts) * 1000000 AS close, early
           FROM trading_sessions WHERE calendar = $1 AND session_date BETWEEN '2013-01-01' AND '2014-12-31' ORDER BY session_date`,
          [code],
        )
        expect(rows.map(({ date, open, close, early }) => ({ date, openUs: Number(open), closeUs: Number(close), early }))).toEqual(
          sessions,
        )
      }
      const [known] = await ask<{ first: string; last: string }>(
        `SELECT min(session_date)::text AS first, (max(session_date) - now()::date > 365 * 2)::text AS last FROM trading_sessions WHERE calendar = 'XNYS'`,
      )
      expect(known).toEqual({ first: '1998-01-02', last: 'true' })
    })

    it('are whole parts of their day in UTC, which their columns name', async () => {
      const wrong = await ask(
        `SELECT s.calendar, s.session_date FROM trading_sessions s CROSS JOIN generate_series(s.day_ts, s.day_ts + interval '1435 minutes', '5 minutes') AS ts
         WHERE s.session_date BETWEEN '2020-11-01' AND '2021-11-30'
           AND (tapedeck.day_part(ts) = ANY (s.parts)) <> (ts >= s.open_ts AND ts < s.close_ts)`,
      )
      expect(wrong).toEqual([])
      expect(
        await ask(
          `SELECT DISTINCT calendar, early, parts FROM trading_sessions
           WHERE open_ts < day_ts OR close_ts > day_ts + interval '24 hours' OR cardinality(parts) = 0 OR 0 = ANY (parts)`,
        ),
      ).toEqual([])
      expect(await ask('SELECT DISTINCT calendar, early, parts FROM trading_sessions ORDER BY 1, 2')).toEqual([
        { calendar: 'XBOM', early: false, parts: [3] },
        { calendar: 'XNYS', early: false, parts: [1, 2] },
        { calendar: 'XNYS', early: true, parts: [1] },
      ])
    })

    it('are corrected when they are not what the calendar says', async () => {
      await client.query("DELETE FROM trading_sessions WHERE calendar = 'XBOM' AND session_date = '2014-06-05'")
      await client.query(
        "UPDATE trading_sessions SET early = true, close_ts = close_ts - interval '1 hour' WHERE calendar = 'XNYS' AND session_date = '2014-06-05'",
      )
      await fillTradingSessions(client, { isThorough: true })
      expect(
        await ask(
          "SELECT calendar, early, close_ts - open_ts = '6.5 hours' AS whole FROM trading_sessions WHERE session_date = '2014-06-05' ORDER BY 1",
        ),
      ).toEqual([
        { calendar: 'XBOM', early: false, whole: false },
        { calendar: 'XNYS', early: false, whole: true },
      ])
    })
  })

  it('buckets times as TimescaleDB does', async () => {
    const [bucket] = await ask(
      `SELECT ${[
        ["'5 minutes', timestamptz '2014-06-05 13:34:59.9Z'", '2014-06-05 13:30:00+00'],
        ["'1 day', timestamptz '2014-06-05 23:59Z'", '2014-06-05 00:00:00+00'],
        ["'1 week', timestamptz '2014-06-05 23:59Z'", '2014-06-02 00:00:00+00'],
        ["'3 months', timestamptz '2014-06-05 23:59Z'", '2014-04-01 00:00:00+00'],
        ["'1 year', timestamptz '1998-06-05 23:59Z'", '1998-01-01 00:00:00+00'],
        ["'1 day', timestamptz '2014-06-05 03:59Z', 'America/New_York'", '2014-06-04 04:00:00+00'],
      ]
        .map(([args, expected]) => `tapedeck.time_bucket(${args}) = timestamptz '${expected}'`)
        .map((test, index) => `${test} AS t${index}`)
        .join(', ')}, tapedeck.time_bucket('1 month', date '2014-06-05') = date '2014-06-01' AS date`,
    )
    expect(Object.values(bucket ?? {})).toEqual([true, true, true, true, true, true, true])
  })

  it('has first and last, which take no row without a time', async () => {
    const [found] = await ask(
      `SELECT tapedeck.first(v, ts) AS first, tapedeck.last(v, ts) AS last, tapedeck.first(v::text, ts) AS text, tapedeck.last(v, ts) FILTER (WHERE false) AS none
       FROM (VALUES (2, timestamptz '2014-06-05 13:31Z'), (1, '2014-06-05 13:30Z'), (9, NULL), (3, '2014-06-05 13:32Z')) AS t (v, ts)`,
    )
    expect(found).toEqual({ first: 1, last: 3, text: '1', none: null })
  })
})
