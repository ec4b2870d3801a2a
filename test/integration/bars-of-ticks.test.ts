import { join } from 'node:path'

import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { maintain } from '../../db/operate/maintain.ts'
import { refreshTouched } from '../../db/operate/refresh-aggregates.ts'
import { connectClient } from '../../db/pool.ts'
import { BAR_AGGREGATES } from '../../db/schema/storage/bars/index.ts'
import { planStorage, reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { wishedStorage } from '../../db/schema/storage/wished.ts'
import { fillTradingSessions } from '../../db/schema/trading-sessions.ts'
import { readRecords } from '../../db/tape/reader.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { xbom } from '../../market/calendar/xbom.ts'
import { isoFromUs, usFromIso } from '../../market/time.ts'
import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import {
  byKey,
  differences,
  type QuoteRow,
  type ReferenceBar,
  referenceQuoteBars,
  referenceTradeBars,
  type TradeRow,
} from '../support/database/reference-bars.ts'
import { seeded } from '../support/random.ts'

const US = '(extract(epoch FROM ts) * 1000000)::bigint'
const LENGTHS = [
  ['1m', 60],
  ['5m', 300],
  ['1h', 3600],
] as const
const SOURCES = ['tick-by-tick', 'last', 'rt-volume', 'import'] as const
const CONDITIONS = [null, null, '', ' I', '@FTI', '@ 4', '80000000', '20']
const MARKS = [null, null, null, 'late', 'initial', 'unreported', 'late,initial']
/** Instruments: of New York, of Mumbai, and of a market without a calendar. */
const [NEW_YORK, MUMBAI, ELSEWHERE] = [1, 2, 3]

/** Trades of three days, one with an early close, each told by two sessions at one microsecond, at prices of their own. */
function manyTrades(): (TradeRow & { session: number })[] {
  const chance = seeded(41)
  const pick = <T>(list: readonly T[]) => list[Math.floor(chance() * list.length)] as T
  const days = ['2014-07-02', '2014-07-03', '2014-11-28'].map((date) => usFromIso(`${date}T00:00:00Z`))
  return Array.from({ length: 2000 }, () => {
    const tsUs = pick(days) + Math.floor(chance() * 86_400) * 1_000_000 + Math.floor(chance() * 3) * 300_000
    const place = { instrument: pick([NEW_YORK, NEW_YORK, MUMBAI, ELSEWHERE]), source: pick(SOURCES), tsUs }
    return [8, 7].map((session) => ({
      session,
      ...place,
      price: Math.round(1000 + chance() * 500) / 100,
      size: pick([null, 0, 1, 100, 250]),
      conditions: pick(CONDITIONS),
      marks: pick(MARKS),
    }))
  }).flat()
}

forEachEdition('bars of ticks', ({ createTapeDatabase }) => {
  let client: pg.Client
  let isCommunity: boolean
  beforeAll(async () => {
    client = await connectClient(await createTapeDatabase())
    await reconcileStorage(client, { wished: [...wishedStorage(), ...BAR_AGGREGATES] })
    await fillTradingSessions(client, { isThorough: true })
    isCommunity = (await planStorage(client)).edition === 'community'
    await client.query(
      `INSERT INTO instruments (key, kind, symbol, currency, calendar) VALUES
         ('stock:TWX:USD', 'stock', 'TWX', 'USD', NULL), ('stock:TCS:INR', 'stock', 'TCS', 'INR', 'XBOM'), ('stock:SAP:EUR', 'stock', 'SAP', 'EUR', NULL)`,
    )
    await insertTrades(manyTrades())
    await insertShippedDay()
  })
  afterAll(() => client.end())

  const ask = async <T extends pg.QueryResultRow>(sql: string, values: unknown[] = []) => (await client.query<T>(sql, values)).rows

  /** With a place in the order of a session for each, one behind the other. */
  async function insertTrades(trades: readonly (TradeRow & { session: number })[]) {
    const seen = new Set<string>()
    const rows = trades.filter(({ session, tsUs, instrument }) => {
      const key = `${session} ${tsUs} ${instrument}`
      return !seen.has(key) && seen.add(key)
    })
    await client.query(
      `INSERT INTO trades (ts, session_id, seq, instrument_id, source, price, size, conditions, marks)
       SELECT ts::timestamptz, session, row_number() OVER (), instrument, source, price, size, conditions, marks
       FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::float8[], $6::float8[], $7::text[], $8::text[])
         AS t (ts, session, instrument, source, price, size, conditions, marks)`,
      [
        rows.map(({ tsUs }) => isoFromUs(tsUs)),
        rows.map(({ session }) => session),
        rows.map(({ instrument }) => instrument),
        rows.map(({ source }) => source),
        rows.map(({ price }) => price),
        rows.map(({ size }) => size),
        rows.map(({ conditions }) => conditions),
        rows.map(({ marks }) => marks),
      ],
    )
  }

  async function insertShippedDay() {
    for await (const records of readRecords(join(packageRoot(), 'tapes/twx-2014-06-05.tape'))) {
      const quotes = records.filter((record) => record.kind === 'quote')
      await client.query(
        `INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price, marks)
         SELECT ts::timestamptz, 9, seq, 1000 + instrument, bid, ask, CASE WHEN seq % 97 = 0 THEN 'initial' END
         FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::float8[], $5::float8[]) AS q (ts, seq, instrument, bid, ask)`,
        [
          quotes.map(({ tsUs }) => isoFromUs(tsUs)),
          quotes.map(({ seq }) => seq),
          quotes.map(({ instrument }) => instrument),
          quotes.map(({ bidPrice }) => bidPrice ?? null),
          quotes.map(({ askPrice }) => askPrice ?? null),
        ],
      )
    }
  }

  const allTrades = () =>
    ask<TradeRow>(
      `SELECT instrument_id::int AS instrument, source, ${US}::float8 AS "tsUs", price, size, conditions, marks FROM trades ORDER BY ts, session_id, seq`,
    )
  const storedTradeBars = async (relation: string) => {
    const rows = await ask<{ key: string; exact: number[]; sums: number[] }>(
      `SELECT concat_ws(' ', instrument_id, source, ${US}) AS key, ARRAY[open, high, low, close, trades] AS exact, ARRAY[volume, vwap] AS sums FROM ${relation}`,
    )
    return rows.toSorted(byKey)
  }
  /** Of the sessions of each exchange: bars of a UTC day of what was traded in them. */
  const referenceSessions = (trades: readonly TradeRow[]): ReferenceBar[] => {
    const sessionOf = ({ instrument, tsUs }: TradeRow) => {
      const calendar = instrument === NEW_YORK ? nyse : instrument === MUMBAI ? xbom : undefined
      if (!calendar) return { openUs: Math.floor(tsUs / 86_400_000_000) * 86_400_000_000, closeUs: Number.POSITIVE_INFINITY }
      const session = calendar.session(calendar.zone.dateOf(tsUs))
      return session && tsUs >= session.openUs && tsUs < session.closeUs ? session : undefined
    }
    const openings = new Map<string, number>()
    const inside = trades.filter((trade) => {
      const session = sessionOf(trade)
      if (session)
        openings.set(`${trade.instrument} ${trade.source} ${Math.floor(trade.tsUs / 86_400_000_000) * 86_400_000_000}`, session.openUs)
      return session !== undefined
    })
    return referenceTradeBars(inside, 86_400)
      .map((bar) => ({ ...bar, key: bar.key.replace(/\d+$/, String(openings.get(bar.key))) }))
      .toSorted(byKey)
  }
  const differingTradeBars = async () => {
    const trades = await allTrades()
    const found: unknown[] = []
    for (const [length, seconds] of LENGTHS)
      found.push(...differences(await storedTradeBars(`bars_${length}`), referenceTradeBars(trades, seconds)).slice(0, 3))
    return [...found, ...differences(await storedTradeBars('bars_1d'), referenceSessions(trades)).slice(0, 3)]
  }

  it('are those that the program makes of the same trades, in every length and by session', async () => {
    expect(await differingTradeBars()).toEqual([])
    const [counts] = await ask('SELECT (SELECT count(*)::int FROM bars_1m) > 1500 AS minutes, (SELECT count(*)::int FROM bars_1d) AS days')
    expect(counts).toEqual({ minutes: true, days: 36 })
  })

  it('are those of the quotes of the shipped day', async () => {
    const quotes = await ask<QuoteRow>(
      `SELECT instrument_id::int AS instrument, source, ${US}::float8 AS "tsUs", bid_price AS bid, ask_price AS ask, marks FROM quotes ORDER BY ts, session_id, seq`,
    )
    expect(quotes.length).toBe(30_944)
    for (const [length, seconds] of LENGTHS) {
      const rows = await ask<{ key: string; exact: number[]; sums: number[] }>(
        `SELECT concat_ws(' ', instrument_id, COALESCE(source, 'null'), ${US}) AS key, ARRAY[bid_open, bid_high, bid_low, bid_close, ask_open, ask_high, ask_low, ask_close,
           quotes, two_sided] AS exact, ARRAY[spread_sum] AS sums FROM quote_bars_${length}`,
      )
      expect(differences(rows, referenceQuoteBars(quotes, seconds)).slice(0, 3)).toEqual([])
    }
  })

  it('hide nothing when only the last of their time is computed, and are the same when all of it is', async () => {
    const from = usFromIso('2014-11-28T15:00:00Z')
    await refreshTouched(client, { table: 'trades', fromUs: from, toUs: from + 3_600_000_000 })
    expect(await differingTradeBars()).toEqual([])
    const report = await maintain(client)
    expect(report.viewsOnly).toBe(!isCommunity)
    expect(await differingTradeBars()).toEqual([])
    if (isCommunity) {
      const stored = await ask(
        `SELECT count(*)::int AS behind FROM _timescaledb_catalog.continuous_agg
         WHERE user_view_name LIKE 'bars%' AND _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(mat_hypertable_id)) < '2014-11-28 23:00Z'`,
      )
      expect(stored).toEqual([{ behind: 0 }])
    }
  })

  it('have a late trade from the minute to the session once they are maintained', async () => {
    const late = {
      instrument: NEW_YORK,
      source: 'tick-by-tick' as const,
      tsUs: usFromIso('2014-07-02T15:00:00.5Z'),
      price: 99,
      size: 5,
      conditions: null,
    }
    await insertTrades([{ ...late, marks: 'late', session: 6 }])
    await maintain(client)
    expect(await differingTradeBars()).toEqual([])
    for (const relation of ['bars_1m', 'bars_5m', 'bars_1h', 'bars_1d'])
      expect(await ask(`SELECT max(high) AS high FROM ${relation} WHERE instrument_id = 1 AND source = 'tick-by-tick'`)).toEqual([
        { high: 99 },
      ])
    const { tsUs } = late
    await insertTrades([{ ...late, tsUs: tsUs + 1, price: 101, marks: null, session: 6 }])
    await refreshTouched(client, { table: 'trades', fromUs: tsUs + 1, toUs: tsUs + 1 })
    expect(await differingTradeBars()).toEqual([])
  })

  it('come from the best source of each day alone', async () => {
    await ask(
      "DELETE FROM trades WHERE instrument_id = 1 AND ts >= '2014-07-03' AND ts < '2014-07-04' AND source IN ('tick-by-tick', 'import')",
    )
    await ask(
      `INSERT INTO statistics (ts, session_id, seq, instrument_id, name, value, marks) SELECT ts::timestamptz, 6, row_number() OVER (), 1, 'day-volume', value, marks
       FROM (VALUES ('2014-07-02 19:00Z', 9000, NULL), ('2014-07-03 13:29Z', 100, NULL), ('2014-07-03 13:30:30Z', 150, NULL), ('2014-07-03 13:40Z', 400, NULL),
         ('2014-07-03 14:10Z', 700, 'initial'), ('2014-07-03 14:20Z', 900, NULL), ('2014-07-03 16:59:59Z', 1000, NULL), ('2014-07-03 17:00Z', 1300, NULL)) AS s (ts, value, marks)`,
    )
    await maintain(client)
    const days = await ask(
      "SELECT ts::text, source, volume_source, volume FROM tapedeck.bars_of('{1}', '1d', '2014-07-02 00:00Z', '2014-07-05 00:00Z') ORDER BY ts",
    )
    expect(days).toEqual([
      { ts: expect.stringContaining('2014-07-02 13:30'), source: 'tick-by-tick', volume_source: 'trades', volume: expect.any(Number) },
      // 50 and 250; the initial 700 counts from there on; the session of that day ends at 13:00 in New York.
      { ts: expect.stringContaining('2014-07-03 13:30'), source: 'rt-volume', volume_source: 'day-volume', volume: 50 + 250 + 200 + 100 },
    ])
    const [hours] = await ask<{ rows: number; sources: number; same: boolean }>(
      `SELECT count(*)::int AS rows, count(DISTINCT source)::int AS sources, bool_and(b.high = h.high) AS same
       FROM tapedeck.bars_of('{1}', '1h', '2014-07-02 00:00Z', '2014-07-03 00:00Z') b JOIN bars_1h h USING (instrument_id, ts, source)`,
    )
    expect(hours).toMatchObject({ sources: 1, same: true })
    expect(
      await ask("SELECT volume FROM tapedeck.volume_increments('{1}', '2014-07-03 13:00Z', '2014-07-03 13:30Z')"),
      'a new day begins at 0',
    ).toEqual([{ volume: 100 }])
  })

  it('are stored by session where they are computed, and the same as if they were not', async () => {
    const answer = (name: string) =>
      ask(
        `SELECT * FROM tapedeck.${name}((SELECT array_agg(instrument_id) FROM instruments), '1d', '2014-01-01', '2015-01-01') ORDER BY instrument_id, ts`,
      )
    const bars = await answer('bars_of')
    expect(bars.length).toBe(9)
    expect(bars).toEqual(await answer('computed_bars_of'))
    const stored = () => ask('SELECT * FROM bars_1d_stored ORDER BY instrument_id, day_ts, source')
    const before = await stored()
    expect(before.length).toBe(isCommunity ? 34 : 0)
    if (!isCommunity) return
    // As the job of the server does it, from the day on that is not there.
    await ask("DELETE FROM bars_1d_stored WHERE day_ts >= '2014-11-28'")
    expect(await answer('bars_of')).toEqual(bars)
    const [job] = await ask<{ id: number }>("SELECT job_id AS id FROM timescaledb_information.jobs WHERE proc_schema = 'tapedeck'")
    await ask(`CALL run_job(${job?.id})`)
    expect(await stored()).toEqual(before)
  })

  it('have averages over time by a function over the ticks', async () => {
    await ask(
      `INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price) SELECT ts::timestamptz, 11, row_number() OVER (), 3, bid, ask
       FROM (VALUES ('2014-07-02 09:59Z', 9, 11), ('2014-07-02 10:01Z', 10, 12), ('2014-07-02 10:02Z', NULL, 12), ('2014-07-02 10:03Z', 10, 11)) AS q (ts, bid, ask);
       INSERT INTO sessions (session_id, started_ts, ended_ts) VALUES (11, '2014-07-02 09:00Z', '2014-07-02 10:05Z');
       INSERT INTO session_instruments VALUES (11, 3)`,
    )
    expect(await ask("SELECT * FROM tapedeck.quote_averages(3, '2014-07-02 10:00Z', '2014-07-02 10:10Z')")).toEqual([
      // 60 s of 9/11, 60 s of 10/12, 60 s without a bid, 120 s of 10/11 until the session ended.
      {
        source: null,
        quotes: '3',
        known_seconds: 300,
        two_sided_seconds: 240,
        mid: 10.5,
        spread: 1.5,
        relative_spread: expect.closeTo(0.14307, 5),
      },
    ])
  })

  it('stay when their ticks were dropped, where they are stored', async () => {
    const before = await storedTradeBars('bars_1m')
    await ask("INSERT INTO dropped_ticks (table_name, dropped_before) VALUES ('trades', '2014-07-03 12:00:30Z')")
    await ask("DELETE FROM trades WHERE ts < '2014-07-03 12:00:30Z'")
    await maintain(client)
    await refreshTouched(client, { table: 'trades', fromUs: usFromIso('2014-07-02T00:00:00Z'), toUs: usFromIso('2014-07-04T00:00:00Z') })
    const left = await storedTradeBars('bars_1m')
    if (isCommunity) expect(differences(left, before)).toEqual([])
    else expect(left.length).toBeLessThan(before.length)
  })
})
