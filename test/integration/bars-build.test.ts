import { beforeEach, describe, expect, it } from 'vitest'

import { buildBars, type BuildBarsOptions } from '../../db/bars/build-bars.ts'
import { SECONDS_PER_DAY } from '../../market/bar.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'

forEachEdition('bars of recorded trades', ({ createTapeDatabase }) => {
  it('are made of the best source of each stock and day, without first values, and stored once', async () => {
    const url = await createTapeDatabase()
    await ask(
      url,
      `INSERT INTO instruments (key, kind, symbol, currency) VALUES ('stock:TWX:USD', 'stock', 'TWX', 'USD'), ('stock:SAP:EUR', 'stock', 'SAP', 'EUR');
       INSERT INTO sessions (session_id, started_ts) VALUES (7, '2014-06-05 13:00Z');
       INSERT INTO session_instruments SELECT 7, instrument_id FROM instruments;
       INSERT INTO batches (session_id, batch_no, accepted_ticks, quarantined_ticks, first_ts, last_ts)
         VALUES (7, 1, 8, 0, '2014-06-05 13:30Z', '2014-06-06 13:30:05Z');
       INSERT INTO trades (session_id, seq, instrument_id, ts, price, size, source, conditions, marks)
         SELECT 7, seq, instrument_id, ts::timestamptz, price, size, source, conditions, marks FROM (VALUES
           (1, 'TWX', '2014-06-05 13:30:00Z', 60, 999, 'tick-by-tick', NULL, 'initial'),
           (2, 'TWX', '2014-06-05 13:30:01Z', 70, 100, 'tick-by-tick', NULL, NULL),
           (3, 'TWX', '2014-06-05 13:30:02Z', 70, 100, 'last', NULL, NULL),
           (4, 'TWX', '2014-06-05 13:30:03Z', 72, 5, 'tick-by-tick', ' I', NULL),
           (5, 'TWX', '2014-06-05 13:30:59Z', 71, 50, 'tick-by-tick', NULL, NULL),
           (6, 'SAP', '2014-06-05 13:31:00Z', 55, 50, 'tick-by-tick', NULL, NULL),
           (7, 'TWX', '2014-06-05 13:31:30Z', 71.5, 10, 'tick-by-tick', NULL, NULL),
           (8, 'TWX', '2014-06-06 13:30:05Z', 73, 20, 'last', NULL, NULL)
         ) AS t(seq, symbol, ts, price, size, source, conditions, marks) JOIN instruments USING (symbol)`,
    )
    const options = { url, query: { sessionId: 'latest' as const }, seconds: 60 }
    expect((await buildBars({ ...options, dryRun: true })).bars.new).toBe(3)
    expect(await buildBars(options)).toMatchObject({ symbols: 1, trades: 5, bars: { new: 3, changed: 0, unchanged: 0 } })
    expect((await buildBars(options)).bars).toEqual({ new: 0, changed: 0, unchanged: 3 })
    const bars = await ask(
      url,
      `SELECT symbol, to_char(start_ts AT TIME ZONE 'UTC', 'HH24:MI') AS start, open, high, low, close, volume, trades::int, source
       FROM bars JOIN instruments USING (instrument_id) ORDER BY start_ts`,
    )
    expect(bars).toEqual([
      { symbol: 'TWX', start: '13:30', open: 70, high: 71, low: 70, close: 71, volume: 155, trades: 3, source: 'trades' },
      { symbol: 'TWX', start: '13:31', open: 71.5, high: 71.5, low: 71.5, close: 71.5, volume: 10, trades: 1, source: 'trades' },
      { symbol: 'TWX', start: '13:30', open: 73, high: 73, low: 73, close: 73, volume: 20, trades: 1, source: 'trades' },
    ])
    await ask(url, "UPDATE bars SET source = 'vendor'")
    expect((await buildBars(options)).refused.rows).toBe(3)
  })

  describe('of several sessions', () => {
    let url: string
    beforeEach(async () => {
      url = await createTapeDatabase()
      await ask(url, `INSERT INTO instruments (key, kind, symbol, currency) VALUES ('stock:TWX:USD', 'stock', 'TWX', 'USD')`)
    })

    /** A session from one time to another of 2014-06-05, UTC, with a trade of 100 at each of these. */
    const session = async (id: number, from: string, to: string, ...times: string[]) => {
      const day = (time: string) => `'2014-06-05 ${time}Z'`
      await ask(
        url,
        `INSERT INTO sessions (session_id, started_ts, ended_ts) VALUES (${id}, ${day(from)}, ${day(to)});
         INSERT INTO session_instruments SELECT ${id}, instrument_id FROM instruments;
         INSERT INTO batches (session_id, batch_no, accepted_ticks, quarantined_ticks, first_ts, last_ts)
           VALUES (${id}, 1, ${times.length}, 0, ${day(times[0] ?? from)}, ${day(times.at(-1) ?? to)});
         INSERT INTO trades (session_id, seq, instrument_id, ts, price, size, source)
           SELECT ${id}, row_number() OVER (), instrument_id, ts::timestamptz, 70, 100, 'tick-by-tick'
           FROM instruments, unnest(ARRAY[${times.map(day).join(', ')}]) AS ts`,
      )
    }
    const build = (query: BuildBarsOptions['query'], seconds = SECONDS_PER_DAY) => buildBars({ url, query, seconds })
    const volumes = () =>
      ask<{ volume: number }>(url, 'SELECT volume FROM bars ORDER BY start_ts').then((rows) => rows.map(({ volume }) => volume))
    const at = (time: string) => Date.parse(`2014-06-05T${time}Z`) * 1000

    it('keep a whole bar when a session that begins or ends within it is read alone', async () => {
      await session(7, '13:00:00', '16:00:10', '14:00:00', '16:00:05')
      await session(8, '16:00:20', '20:00:00', '16:00:30', '19:00:00')
      await build({ sessionId: 'all' })
      expect(await volumes()).toEqual([400])
      for (const sessionId of [7, 8, 'latest'] as const)
        expect(await build({ sessionId })).toMatchObject({
          bars: { new: 0, changed: 0 },
          refused: {
            rows: 1,
            reasons: [{ reason: expect.stringMatching(/use --session all/), examples: [{ found: 'TWX 2014-06-05T04:00:00.000000Z' }] }],
          },
        })
      expect(await volumes()).toEqual([400])
      // Of minutes, the one in which one session ended and the next began.
      expect(await build({ sessionId: 8 }, 60)).toMatchObject({ bars: { new: 1 }, refused: { rows: 1 } })
    })

    it('are those of one of two collectors when it is named', async () => {
      await session(7, '13:00:00', '20:00:00', '14:00:00', '15:00:00', '19:00:00')
      await session(8, '13:00:01', '20:00:01', '14:00:00', '19:00:00')
      await build({ sessionId: 'all' })
      expect(await volumes()).toEqual([500])
      expect(await build({ sessionId: 8 })).toMatchObject({ bars: { changed: 1 }, refused: { rows: 0 } })
      expect(await volumes()).toEqual([200])
    })

    it('are whole ones when times within an interval are asked for', async () => {
      await session(7, '13:00:00', '20:00:00', '14:00:00', '14:30:00', '15:30:00')
      await build({ sessionId: 7 }, 3600)
      expect(await volumes()).toEqual([200, 100])
      const query = { sessionId: 7, fromUs: at('14:10:00'), toUs: at('14:20:00') }
      expect(await build(query, 3600)).toMatchObject({ bars: { new: 0, changed: 0, unchanged: 1 } })
      expect(await build({ ...query, toUs: at('15:00:00') }, 3600)).toMatchObject({ bars: { unchanged: 1 } })
    })
  })
})
