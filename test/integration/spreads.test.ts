import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { fillTradingSessions } from '../../db/schema/trading-sessions.ts'
import { forEachEdition } from '../support/database/databases.ts'

forEachEdition('spreads', ({ createTapeDatabase }) => {
  let client: pg.Client
  beforeAll(async () => {
    client = await connectClient(await createTapeDatabase())
    await reconcileStorage(client)
    await fillTradingSessions(client, { isThorough: true })
    await client.query(`INSERT INTO instruments (key, kind, symbol, currency)
      VALUES ('stock:AAA:USD', 'stock', 'AAA', 'USD'), ('stock:BBB:JPY', 'stock', 'BBB', 'JPY')`)
    // Before New York opens, two and one within the session, and one behind it; a first value of a line, and a side alone.
    await client.query(`INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price, bid_size, ask_size, marks)
      SELECT ('2014-06-05 ' || at)::timestamptz, 1, seq, i.instrument_id, bid, ask, 10, 20, marks
      FROM instruments i, (VALUES (1, '13:00:00Z', 5, 7, 'initial'), (2, '13:10:00Z', 9, 10, NULL), (3, '13:31:00Z', 9.5, 10, NULL),
        (4, '13:34:59Z', 9, 10, NULL), (5, '15:00:00Z', 10, 10, NULL), (6, '15:00:01Z', NULL, 10, NULL), (7, '20:00:00Z', 8, 12, NULL))
        AS t (seq, at, bid, ask, marks)`)
    await client.query(`INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price, source)
      SELECT '2014-06-05 13:31:00Z', 1, 8, instrument_id, 9.9, 10, 'tick-by-tick' FROM instruments WHERE symbol = 'AAA'`)
  })
  afterAll(() => client.end())

  const ask = async (symbol: string, width: string, from = '2014-06-05', to = '2014-06-06') =>
    (
      await client.query<Record<string, unknown>>(
        `SELECT to_char(ts AT TIME ZONE 'UTC', 'HH24:MI') AS at, source, quotes::int, two_sided::int, locked::int, spread, spread_deviation,
           spread_min, spread_max, relative_spread, mid, bid_size, ask_size
         FROM spreads('${symbol}', '${width}', '${from}Z', '${to}Z') WHERE source IS NULL`,
      )
    ).rows

  it('are those of all changes of the quote within an interval', async () => {
    const fives = await ask('AAA', '5m')
    expect(fives.map(({ at, quotes, two_sided }) => [at, quotes, two_sided])).toEqual([
      ['13:10', 1, 1],
      ['13:30', 2, 2],
      ['15:00', 2, 1],
      ['20:00', 1, 1],
    ])
    const half = { locked: 0, spread: 0.75, spread_deviation: 0.25, spread_min: 0.5, spread_max: 1, mid: 9.625, bid_size: 10, ask_size: 20 }
    expect(fives[1]).toMatchObject({ ...half, relative_spread: expect.closeTo(0.75 / 9.625, 12) })
    expect(fives[2]).toMatchObject({ locked: 1, spread: 0, spread_deviation: 0, relative_spread: 0 })
    expect(await ask('stock:AAA:USD', '1h')).toMatchObject([
      {
        at: '13:00',
        quotes: 3,
        spread: expect.closeTo(2.5 / 3, 12),
        spread_deviation: expect.closeTo(Math.sqrt(2.25 / 3 - (2.5 / 3) ** 2), 12),
      },
      { at: '15:00', quotes: 2, spread: 0 },
      { at: '20:00', quotes: 1, spread: 4 },
    ])
    expect((await ask('AAA', '1m')).map(({ at, spread }) => [at, spread])).toEqual([
      ['13:10', 1],
      ['13:31', 0.5],
      ['13:34', 1],
      ['15:00', 0],
      ['20:00', 4],
    ])
  })

  describe('of days', () => {
    const session = { at: '13:30', quotes: 4, two_sided: 3, locked: 1, spread: 0.5, spread_min: 0, spread_max: 1 }

    it('are those of the session of the exchange, whole, when it begins within the range', async () => {
      expect(await ask('AAA', '1d')).toMatchObject([session])
      expect(await ask('AAA', '1d', '2014-06-05 13:30', '2014-06-05 13:31')).toMatchObject([session])
      expect(await ask('AAA', '1d', '2014-06-05 13:31')).toEqual([])
    })

    it('are days in UTC where no calendar is known', async () => {
      expect(await ask('BBB', '1d')).toMatchObject([{ at: '00:00', quotes: 6, two_sided: 5, spread: expect.closeTo(6.5 / 5, 12) }])
    })
  })

  it('are apart for each source of quotes, none for what is not known, and refuse other widths', async () => {
    const sources = await client.query("SELECT source, quotes::int, spread FROM spreads('AAA', '1d', '2014-06-05', '2014-06-06')")
    expect(sources.rows).toMatchObject([
      { source: null, quotes: 4 },
      { source: 'tick-by-tick', quotes: 1, spread: expect.closeTo(0.1, 12) },
    ])
    expect(await ask('NOTHING', '1d')).toEqual([])
    await expect(ask('AAA', '2m')).rejects.toThrow('expected a width of 1m, 5m, 1h or 1d, found 2m')
  })
})
