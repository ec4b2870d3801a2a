/** Views and functions under the names that scripts of older systems expect. */

import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { forEachEdition } from '../support/database/databases.ts'

forEachEdition('for scripts of older systems', ({ createTapeDatabase }) => {
  let client: pg.Client
  let hasChunks: boolean
  const rows = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows

  beforeAll(async () => {
    client = await connectClient(await createTapeDatabase())
    hasChunks = (await rows(`SELECT FROM pg_extension WHERE extname = 'timescaledb'`)).length > 0
    await client.query(
      `INSERT INTO instruments (key, kind, symbol, currency, trading_class, expiry, strike, "right", multiplier, con_id) VALUES
         ('stock:TWX:USD', 'stock', 'TWX', 'USD', NULL, NULL, NULL, NULL, NULL, 12),
         ('option:TWX:USD:TWX:2014-06-21:C:70:100', 'option', 'TWX', 'USD', 'TWX', '2014-06-21', 70, 'C', 100, 13),
         ('option:FOXA:USD:FOXA:2014-06-21:P:35:100', 'option', 'FOXA', 'USD', 'FOXA', '2014-06-21', 35, 'P', 100, NULL);
       INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price, bid_size, ask_size, source) VALUES
         ('2014-06-05 14:00Z', 1, 1, 1, 70, 71, 5, 6, NULL), ('2014-06-05 14:01Z', 1, 2, 2, 1, 1.1, 7, 8, NULL),
         ('2014-06-05 14:02Z', 1, 3, 1, 70, 72, 5, 6, 'tick-by-tick');
       INSERT INTO trades (ts, session_id, seq, instrument_id, price, size, source, marks) VALUES
         ('2014-06-05 14:03Z', 1, 4, 2, 1.05, 3, 'last', NULL), ('2014-06-05 14:03Z', 1, 5, 2, 1.05, 3, 'rt-volume', NULL),
         ('2014-06-05 14:00Z', 1, 6, 1, 69, 100, 'last', 'initial'), ('2014-06-05 14:04Z', 1, 7, 1, 70.5, 100, 'last', 'merged');
       INSERT INTO option_greeks (ts, session_id, seq, instrument_id, basis, implied_volatility, delta) VALUES
         ('2014-06-05 14:05Z', 1, 8, 2, 'model', 0.2, 0.5), ('2014-06-05 14:05Z', 1, 9, 2, 'bid', 0.1, 0.4);
       INSERT INTO statistics (ts, session_id, seq, instrument_id, name, value) VALUES
         ('2014-06-05 14:06Z', 1, 10, 1, 'day-volume', 12345), ('2014-06-05 14:06Z', 1, 11, 2, 'call-open-interest', 99),
         ('2014-06-05 14:06Z', 1, 12, 2, 'halted', 0);
       INSERT INTO quotes (ts, session_id, seq, instrument_id) VALUES (now(), 2, 1, 1)`,
    )
  })
  afterAll(() => client.end())

  it('there are stocks and options', async () => {
    expect(await rows('SELECT symbol, security_type, currency, contract_id FROM underlying_securities')).toEqual([
      { symbol: 'TWX', security_type: 'STK', currency: 'USD', contract_id: '12' },
    ])
    expect(
      await rows(
        `SELECT u.symbol AS underlying, o.symbol, o.expiration_date::text, o.strike_price, o.option_type
         FROM option_chains o LEFT JOIN underlying_securities u ON u.id = o.underlying_id ORDER BY o.id`,
      ),
    ).toEqual([
      { underlying: 'TWX', symbol: 'TWX', expiration_date: '2014-06-21', strike_price: 70, option_type: 'CALL' },
      { underlying: null, symbol: 'FOXA', expiration_date: '2014-06-21', strike_price: 35, option_type: 'PUT' },
    ])
  })

  it('ticks stand one a row, each trade and each quote once', async () => {
    const day = `WHERE "timestamp" < '2014-06-06' ORDER BY "timestamp"`
    expect(
      await rows(`SELECT symbol, tick_type, bid, ask, last, last_size, open_interest, implied_vol, delta FROM market_data_ticks ${day}`),
    ).toEqual(
      [
        { tick_type: 'quote', bid: 1, ask: 1.1 },
        { tick_type: 'trade', last: 1.05, last_size: 3 },
        { tick_type: 'greeks', implied_vol: 0.2, delta: 0.5 },
        { tick_type: 'call-open-interest', open_interest: 99 },
      ].map((tick) => ({
        symbol: 'TWX',
        bid: null,
        ask: null,
        last: null,
        last_size: null,
        open_interest: null,
        implied_vol: null,
        delta: null,
        ...tick,
      })),
    )
    expect(await rows(`SELECT tick_type, bid, ask, last, volume FROM stock_data_ticks ${day}`)).toEqual([
      { tick_type: 'quote', bid: 70, ask: 71, last: null, volume: null },
      { tick_type: 'trade', bid: null, ask: null, last: 70.5, volume: null },
      { tick_type: 'day-volume', bid: null, ask: null, last: null, volume: 12345 },
    ])
  })

  it('sizes and partitions are those of the hypertables, or of plain tables without partitions', async () => {
    const stats = await rows(
      'SELECT hypertable_name, is_hypertable, num_chunks::int, total_bytes > 0 AS has_size, total_size FROM hypertable_stats',
    )
    const quotes = stats.find(({ hypertable_name }) => hypertable_name === 'quotes')
    expect(quotes).toMatchObject({ is_hypertable: hasChunks, num_chunks: hasChunks ? 2 : 0, has_size: true })
    expect(stats.map(({ hypertable_name }) => hypertable_name)).toEqual(
      expect.arrayContaining(['trades', 'option_greeks', 'statistics', 'findings']),
    )
    const partitions = await rows(
      `SELECT table_name, is_compressed, range_start < range_end AS is_range FROM partition_info WHERE table_name = 'quotes'`,
    )
    expect(partitions).toEqual(hasChunks ? [1, 2].map(() => ({ table_name: 'quotes', is_compressed: false, is_range: true })) : [])
    expect(await rows('SELECT FROM arbitrage_opportunities')).toEqual([])
    expect(await rows('SELECT FROM data_quality_metrics')).not.toBe(undefined)
  })

  it('no partition has to be made', async () => {
    expect(await rows(`SELECT create_partition_range('quotes', '2026-01-01', '2026-12-31') AS made`)).toEqual([{ made: 0 }])
    await expect(client.query(`SELECT create_partition_range('quotes', '2026-12-31', '2026-01-01')`)).rejects.toThrow(
      /expected end_date at or behind/,
    )
    await expect(client.query(`SELECT create_partition_range('market_data_ticks', '2026-01-01', '2026-12-31')`)).rejects.toThrow(
      /expected one of the tables quotes, trades, .* found market_data_ticks/,
    )
  })

  it('old partitions are dropped only when that is really asked for, and the drop is noted', async () => {
    const count = async () => Number((await rows('SELECT count(*) FROM quotes'))[0]?.['count'])
    const drop = (more: string) => rows(`SELECT dropped FROM drop_old_partitions('quotes', interval '90 days'${more})`)
    expect(await drop('')).toEqual(hasChunks ? [{ dropped: false }] : [])
    expect(await count()).toBe(4)
    await expect(client.query(`SELECT drop_old_partitions('market_data_ticks', interval '90 days', true)`)).rejects.toThrow(
      /expected one of the tables/,
    )
    await expect(client.query(`SELECT drop_old_partitions('quotes', interval '-1 day', true)`)).rejects.toThrow(/expected an age such as/)
    await expect(client.query(`SELECT drop_old_partitions('quotes', NULL, true)`)).rejects.toThrow(/expected an age such as/)
    expect(await count()).toBe(4)
    // Bars that are computed, as after a maintenance.
    const { rows: bars } = await client.query<{ name: string }>(
      hasChunks
        ? `SELECT view_name AS name FROM timescaledb_information.continuous_aggregates`
        : `SELECT relname AS name FROM pg_class WHERE false`,
    )
    if (bars.length > 0) await expect(drop(', really => true')).rejects.toThrow(/bars are not computed as far as these ticks/)
    expect(await count()).toBe(4)
    if (bars.length > 0) return
    expect(await drop(', really => true')).toEqual(hasChunks ? [{ dropped: true }] : [])
    expect(await count()).toBe(hasChunks ? 1 : 4)
    const noted = await rows('SELECT table_name, dropped_rows::int, done_at IS NOT NULL AS is_done FROM dropped_ticks')
    expect(noted).toEqual(hasChunks ? [{ table_name: 'quotes', dropped_rows: 3, is_done: true }] : [])
  })
})
