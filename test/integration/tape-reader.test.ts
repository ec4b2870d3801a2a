import type pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { CopiedRows, CopyOut } from '../../db/read/copy-out.ts'
import { tablesInColumnstore } from '../../db/read/queries/tables-in-columnstore.ts'
import { openTapeReader, type TapeQuery } from '../../db/read/tape-reader.ts'
import { planStorage } from '../../db/schema/storage/reconcile.ts'
import { TICK_TABLES } from '../../db/schema/tick-tables.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { contractKey } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import type { TapeRecord, Tick } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { startPostgresProxy } from '../support/database/tcp-proxy.ts'
import { block, CONTRACTS, contractOf, FIRST_TS_US, quote, quotes } from '../support/tape/ticks.ts'
import { PATIENTLY } from '../support/waiting.ts'
import { quarantined } from '../support/tape/verdicts.ts'

const HOUR_US = 3_600_000_000
const OLD = 4096
const DAYS = 8192
const LONG = 12_288

/** Ticks of all kinds over three days, the times of the kinds in turns. */
const days: Tick[] = Array.from({ length: 90 }, (_, i): Tick => {
  const common = { seq: i + 1, tsUs: FIRST_TS_US + i * HOUR_US, instrument: i % 3 }
  if (i % 4 === 0) return { kind: 'trade', ...common, price: i, size: 100, source: 'last' }
  if (i % 4 === 1) return { kind: 'greeks', ...common, basis: 'model', delta: i / 100 }
  if (i % 4 === 2) return { kind: 'statistic', ...common, name: 'day-volume', value: i }
  const verdict = i % 8 === 3 ? quarantined('spike', 'too far') : undefined
  return quote(i + 1, { ...common, verdict })
})
const controls: TapeRecord[] = [
  { kind: 'config', seq: 1001, tsUs: FIRST_TS_US - 2, config: { rules: ['spike'] } },
  {
    kind: 'line',
    seq: 1002,
    tsUs: FIRST_TS_US - 1,
    instrument: 1,
    event: 'opened',
    feed: 'tick-by-tick-trades',
    openedSeq: 1002,
    openedTsUs: FIRST_TS_US - 1,
  },
  { kind: 'gap', seq: 1003, tsUs: FIRST_TS_US + 1, fromTsUs: FIRST_TS_US - 9, toTsUs: FIRST_TS_US, cause: 'link', droppedTicks: 2 },
  {
    kind: 'line',
    seq: 1004,
    tsUs: FIRST_TS_US + 200 * HOUR_US,
    instrument: 1,
    event: 'closed',
    feed: 'tick-by-tick-trades',
    openedSeq: 1002,
    openedTsUs: FIRST_TS_US - 1,
    untilTsUs: FIRST_TS_US + 199 * HOUR_US,
    cause: 'end',
  },
]
const LONG_ROWS = 200_000

forEachEdition('the tape reader', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
    const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
    const store = createTickStore({ pool })
    await store.store({ sessionId: OLD, batchNo: 1, blocks: [block(quotes(1, 5))] }, contractOf)
    // The later half first: batches of several lanes commit as they come.
    await store.store({ sessionId: DAYS, batchNo: 2, blocks: [block(days.slice(45))] }, contractOf)
    await store.store({ sessionId: DAYS, batchNo: 1, blocks: [block([...days.slice(0, 45), ...controls])] }, contractOf)
    await store.store(
      { sessionId: DAYS + 1, batchNo: 1, blocks: [block([{ kind: 'session', event: 'started', seq: 1, tsUs: FIRST_TS_US }])] },
      contractOf,
    )
    await pool.end()
  })
  afterAll(() => admin.end())

  const read = async (query: TapeQuery) => {
    const reader = await openTapeReader({ url }, query)
    const ticks: Tick[] = []
    for await (const chunk of reader.ticks()) ticks.push(...chunk)
    return { ...reader, read: ticks, seqs: ticks.map(({ seq }) => seq) }
  }
  const backends = async () => {
    const { rows } = await admin.query(
      'SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = $1 AND pid <> pg_backend_pid()',
      ['client backend'],
    )
    return rows.length
  }
  const passed = days.filter(({ verdict }) => !verdict).map(({ seq }) => seq)

  it('gives the ticks of all tables in their order', async () => {
    const { read: ticks, seqs, contracts } = await read({ sessionId: DAYS })
    expect(seqs).toEqual(passed)
    expect(ticks.map(({ instrument }) => contracts.get(instrument))).toEqual(
      days.filter(({ verdict }) => !verdict).map(({ instrument }) => CONTRACTS[instrument]),
    )
    expect(ticks[1]).toEqual({ ...days[1], instrument: ticks[1]?.instrument })
  })

  it('gives quarantined ticks in their places when asked for', async () => {
    const { read: ticks, seqs } = await read({ sessionId: DAYS, includeQuarantined: true })
    expect(seqs).toEqual(days.map(({ seq }) => seq))
    expect(ticks[3]).toEqual({ ...days[3], instrument: ticks[3]?.instrument })
  })

  it('takes the first microsecond asked for and leaves out the last', async () => {
    const { seqs } = await read({
      sessionId: DAYS,
      includeQuarantined: true,
      fromUs: FIRST_TS_US + 10 * HOUR_US,
      toUs: FIRST_TS_US + 40 * HOUR_US,
    })
    expect(seqs).toEqual(Array.from({ length: 30 }, (_, i) => i + 11))
    expect((await read({ sessionId: DAYS, fromUs: FIRST_TS_US + 5, toUs: FIRST_TS_US + 6 })).seqs).toEqual([])
    expect((await read({ sessionId: DAYS, fromUs: 0, toUs: 1 })).seqs).toEqual([])
  })

  it('gives the same out of the columnstore, whole and in part', async ({ skip }) => {
    const { edition } = await planStorage(admin)
    skip(edition !== 'community', 'only TimescaleDB Community compresses chunks')
    const part = { fromUs: FIRST_TS_US + 10 * HOUR_US, toUs: FIRST_TS_US + 70 * HOUR_US }
    const queries: TapeQuery[] = [{ includeQuarantined: true }, part, { symbols: ['TWX'] }].map((query) => ({ sessionId: DAYS, ...query }))
    const readAll = () => Promise.all(queries.map(async (query) => (await read(query)).read))
    const before = await readAll()
    for (const { name } of TICK_TABLES) await admin.query('SELECT compress_chunk(chunk) FROM show_chunks($1::regclass) AS chunk', [name])
    expect(await tablesInColumnstore(admin, { fromUs: FIRST_TS_US, toUs: FIRST_TS_US + HOUR_US })).toEqual(
      new Set(TICK_TABLES.map(({ name }) => name)),
    )
    expect(await readAll()).toEqual(before)
  })

  it('takes the instruments of a ticker, and those written on it', async () => {
    const { read: ticks, contracts } = await read({ sessionId: DAYS, symbols: ['TWX'], includeQuarantined: true })
    expect(ticks).toHaveLength(60)
    expect(new Set(ticks.map(({ instrument }) => contractKey(contracts.get(instrument) ?? expect.fail())))).toEqual(
      new Set(CONTRACTS.filter(({ symbol }) => symbol === 'TWX').map(contractKey)),
    )
  })

  it('finds the latest session that has ticks', async () => {
    const { session } = await openTapeReader({ url }, { sessionId: 'latest' })
    expect(session).toEqual({ sessionId: DAYS, acceptedTicks: passed.length, quarantinedTicks: days.length - passed.length })
  })

  it('names what there is when asked for what there is not', async () => {
    await expect(openTapeReader({ url }, { sessionId: 5 })).rejects.toThrow(/no session 5. The latest sessions in it: 8192, 4096/)
    await expect(openTapeReader({ url }, { sessionId: DAYS, symbols: ['TWX', 'IBM'] })).rejects.toThrow(
      /no ticks of IBM. It has: FOXA, TWX/,
    )
    await expect(openTapeReader({ url }, { sessionId: 5 })).rejects.toThrow(FeedError)
  })

  it('gives an empty session without ticks', async () => {
    expect((await read({ sessionId: DAYS + 1 })).seqs).toEqual([])
  })

  it('gives what the tape says between its ticks when asked for records, behind the contracts that no record explains', async () => {
    const reader = await openTapeReader({ url }, { sessionId: DAYS, includeQuarantined: true })
    const records: TapeRecord[] = []
    for await (const chunk of reader.records()) records.push(...chunk)
    const contracts = records.splice(0, CONTRACTS.length)
    expect(contracts).toEqual(
      [...reader.contracts].map(([instrument, contract]) => ({ kind: 'contract', seq: 0, tsUs: FIRST_TS_US - 2, instrument, contract })),
    )
    const instrument = [...reader.contracts].find(([, { symbol, kind }]) => symbol === 'TWX' && kind === 'option')?.[0]
    const expected = [...days, ...controls].sort((a, b) => a.tsUs - b.tsUs || a.seq - b.seq)
    expect(records.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq))
    expect(records.filter(({ kind }) => ['line', 'gap', 'config'].includes(kind))).toEqual(
      controls.map((record) => (record.kind === 'line' ? { ...record, instrument } : record)),
    )
  })

  it('leaves no connection behind', async () => {
    await read({ sessionId: DAYS, includeQuarantined: true })
    await expect.poll(backends, PATIENTLY).toBe(0)
  })

  it('says that the database cannot be read, and what to do', async () => {
    const address = new URL(url)
    address.port = '1'
    await expect(openTapeReader({ url: address.href }, { sessionId: 'latest' })).rejects.toMatchObject({
      code: 'database-unreachable',
      retryable: true,
    })
    address.href = url
    address.pathname = '/postgres'
    await expect(openTapeReader({ url: address.href }, { sessionId: 'latest' })).rejects.toThrow(
      /could not be read: .*Run `tapedeck db migrate`/,
    )
  })

  it('waits for a slow consumer, holding no more than a little of a long session', async () => {
    // Of another month, whose chunk is not compressed: out of the columnstore pieces are held in memory, each longer than this session.
    await admin.query(
      `INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price)
       SELECT timestamptz '2014-09-05 13:30Z' + i * interval '1 millisecond', ${LONG}, i, 1, i FROM generate_series(1, ${LONG_ROWS}) AS i`,
    )
    await admin.query(
      `INSERT INTO batches SELECT ${LONG}, row_number() OVER (ORDER BY min(ts)), count(*), 0, 0, min(ts), max(ts)
       FROM quotes WHERE session_id = ${LONG} GROUP BY date_trunc('minute', ts)`,
    )
    const reader = await openTapeReader({ url }, { sessionId: LONG })
    const ticks = reader.ticks()
    let rows = (await ticks.next()).value?.length ?? 0
    // The server fills what lies between it and us, and then waits: always, and not just now and then.
    let looks = 0
    const waiting = async () => {
      const { rows: copies } = await admin.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'ClientWrite' AND query LIKE 'COPY%'",
      )
      looks = copies.length === 1 ? looks + 1 : 0
      return looks
    }
    await expect.poll(waiting, { timeout: 10_000 }).toBe(10)
    for await (const chunk of ticks) rows += chunk.length
    expect(rows).toBe(LONG_ROWS)
  })

  it('cancels its queries and closes its connections when the consumer stops early', async () => {
    const reader = await openTapeReader({ url }, { sessionId: LONG })
    for await (const chunk of reader.ticks()) {
      expect(chunk[0]?.seq).toBe(1)
      break
    }
    await expect.poll(backends, PATIENTLY).toBe(0)
  })

  const readOverBrokenConnection = async () => {
    const proxy = await startPostgresProxy(url)
    onTestFinished(() => proxy.close())
    const reader = await openTapeReader({ url: proxy.url(url) }, { sessionId: LONG })
    for await (const _chunk of reader.ticks()) proxy.cut()
  }
  const UNREACHABLE = { name: 'FeedError', code: 'database-unreachable', retryable: true }

  it('fails with a FeedError when the connection breaks on the way', async () => {
    await expect(readOverBrokenConnection()).rejects.toMatchObject(UNREACHABLE)
  })

  it('fails, or stops early, in the same way out of the columnstore', async ({ skip }) => {
    const { edition } = await planStorage(admin)
    skip(edition !== 'community', 'only TimescaleDB Community compresses chunks')
    await admin.query("SELECT compress_chunk(chunk) FROM show_chunks('quotes', newer_than => timestamptz '2014-08-01') AS chunk")
    await expect(readOverBrokenConnection()).rejects.toMatchObject(UNREACHABLE)
    const reader = await openTapeReader({ url }, { sessionId: LONG })
    for await (const chunk of reader.ticks()) {
      expect(chunk[0]?.seq).toBe(1)
      break
    }
    await expect.poll(backends, PATIENTLY).toBe(0)
  })

  it('says why the server ends a COPY in the middle of its rows, and leaves the connection fit for use', async () => {
    const copy = (last: number) =>
      new Promise<CopiedRows>((resolve, reject) => {
        const select = `SELECT 1 / (${last} - i) FROM generate_series(1, 100000) AS i`
        admin.query(new CopyOut(`COPY (${select}) TO STDOUT BINARY`, new CopiedRows(), resolve, reject))
      })
    await expect(copy(99_000)).rejects.toMatchObject({ code: '22012' })
    await expect(copy(100_001)).resolves.toMatchObject({ count: 100_000, ended: true })
  })
})
