import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { migrate, migrateDown, readMigrations } from '../../db/schema/migrate.ts'
import { planStorage, reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { TapeRecord, Tick, Verdict } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { verdictNamed } from '../support/tape/records.ts'
import { block, CONTRACTS, contractOf, quote } from '../support/tape/ticks.ts'
import { finding, flagged, quarantined, verdictOf } from '../support/tape/verdicts.ts'

const names = (count: number, word: string) => Array.from({ length: count }, (_, i) => `${word}-${i}`)
const flaggedBy = (rules: readonly string[]) => verdictOf(...rules.map((rule) => finding('flag', rule, `seen by ${rule}`)))

forEachEdition('findings in the database', ({ createDatabase, createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
  })
  afterAll(() => admin.end())
  beforeEach(async () => {
    await admin.query('DELETE FROM rules')
  })

  /** Stores one batch as a collector of its own would. */
  const store = async (sessionId: number, records: readonly TapeRecord[]) => {
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    await createTickStore({ pool }).store({ sessionId, batchNo: 1, blocks: [block(records)] }, contractOf)
  }
  const verdicts = async (sessionId: number, at = url): Promise<(Verdict | undefined)[]> => {
    const reader = await openTapeReader({ url: at }, { sessionId, includeQuarantined: true })
    const read: Tick[] = []
    for await (const chunk of reader.ticks()) read.push(...chunk)
    return read.map(({ verdict }) => verdict)
  }
  const bits = async () => (await admin.query<{ bit: number; name: string }>('SELECT bit, name FROM rules ORDER BY bit')).rows

  it('have one bit for each rule, also when several collectors meet new rules at once', async () => {
    const common = names(6, 'common')
    await Promise.all([1, 2, 3].map((id) => store(id, [quote(1, { verdict: flaggedBy([...names(4, `own-${id}`), ...common]) })])))
    const given = await bits()
    expect(given.map(({ bit }) => bit)).toEqual(given.map((_, i) => i))
    expect(given.map(({ name }) => name).sort()).toEqual([...common, ...[1, 2, 3].flatMap((id) => names(4, `own-${id}`))].sort())
  })

  it('never give a bit that was given away to another rule', async () => {
    await store(11, [quote(1, { verdict: flaggedBy(['first', 'second', 'third']) })])
    await admin.query("DELETE FROM rules WHERE name = 'second'")
    await store(12, [quote(1, { verdict: flaggedBy(['fourth']) })])
    expect(await bits()).toEqual([
      { bit: 0, name: 'first' },
      { bit: 2, name: 'third' },
      { bit: 3, name: 'fourth' },
    ])
  })

  it('share bit 62 when all bits are taken, and say in full which rules spoke', async () => {
    const all = names(70, 'rule')
    await store(21, [quote(1, { verdict: flaggedBy(all) }), quote(2, { verdict: flaggedBy(all.slice(60)) })])
    expect((await bits()).map(({ name }) => name)).toEqual(all.slice(0, 62))
    const { rows } = await admin.query<{ rules: string }>('SELECT rules FROM quotes WHERE session_id = 21 ORDER BY seq')
    expect(rows.map(({ rules }) => BigInt(rules))).toEqual([2n ** 63n - 1n, 2n ** 60n + 2n ** 61n + 2n ** 62n])
    expect(await verdicts(21)).toEqual([flaggedBy(all), flaggedBy(all.slice(60))])
  })

  it('name the instruments that they rest on by the numbers of the database, also those without a tick', async () => {
    const verdict = verdictOf({ ...finding('flag', 'put-call-parity', 'off by 0.3'), evidence: [2, 0] })
    await store(31, [quote(3, { verdict })])
    const { contracts } = await openTapeReader({ url }, { sessionId: 31 })
    const symbol = (instrument: number) => contracts.get(instrument)?.symbol ?? 'unknown'
    const [read] = await verdicts(31)
    expect(read && verdictNamed(read, symbol)).toEqual(verdictNamed(verdict, (instrument) => CONTRACTS[instrument]?.symbol ?? ''))
  })

  it('leave the names of the rules behind when they are deleted, and say so', async () => {
    await store(41, [quote(1, { verdict: flagged('spike', 'far') }), quote(2, { verdict: quarantined('late', 'old') }), quote(3)])
    await admin.query('DELETE FROM findings WHERE session_id = 41')
    expect(await verdicts(41)).toMatchObject([
      { disposition: 'flag', findings: [{ rule: 'spike', reason: 'its findings are not in the database any more' }] },
      { disposition: 'quarantine', findings: [{ rule: 'late', reason: 'old' }] },
      undefined,
    ])
  })

  it('are made of what a database of an earlier version says of its rows, and become that again', async () => {
    const earlier = await createDatabase()
    const client = await connectClient(earlier)
    onTestFinished(() => client.end())
    await migrate(client, { migrations: (await readMigrations()).slice(0, 5) })
    await reconcileStorage(client)
    await client.query(
      `INSERT INTO quotes (ts, session_id, seq, instrument_id, flags, reason) VALUES
         ('2014-06-05 13:30Z', 7, 1, 1, NULL, NULL), ('2014-06-05 13:31Z', 7, 2, 1, 'wide-spread,spike', 'wide; far'),
         ('2014-06-05 13:32Z', 7, 3, 1, 'spike,late', 'far; too far; old'), ('2014-06-05 13:33Z', 7, 4, 1, 'rule-error', 'off');
       INSERT INTO statistics (ts, session_id, seq, instrument_id, name, flags) VALUES ('2014-06-05 13:34Z', 7, 5, 1, 'halted', 'spike');
       INSERT INTO rejected_ticks VALUES ('2014-06-05 13:35Z', 7, 6, 1, 'trade', 'crossed-quote,wide-spread', 'a; b', '{"price": 1, "source": "last"}'),
         ('2014-06-05 13:36Z', 7, 7, NULL, 'gap', 'database-refused', 'no', '{}');
       INSERT INTO batches (session_id, batch_no, accepted_ticks, quarantined_ticks, first_ts, last_ts)
         VALUES (7, 1, 5, 1, '2014-06-05 13:30Z', '2014-06-05 13:36Z');
       INSERT INTO data_quality VALUES (7, 1, 'spike', 'flag', 3), (7, 1, 'crossed-quote', 'quarantine', 1)`,
    )
    const flags = async () =>
      (
        await client.query(
          'SELECT seq, flags, reason FROM quotes UNION ALL SELECT seq, flags, reason FROM statistics UNION ALL SELECT seq, rules, reason FROM rejected_ticks ORDER BY seq',
        )
      ).rows
    const before = await flags()
    await migrate(client)
    await reconcileStorage(client)
    expect(await verdicts(7, earlier)).toEqual([
      undefined,
      verdictOf(finding('flag', 'wide-spread', 'wide'), finding('flag', 'spike', 'far')),
      // Three reasons of two rules: nothing says which is whose.
      verdictOf(finding('flag', 'spike', 'far; too far; old'), finding('flag', 'late', 'far; too far; old')),
      verdictOf({ ...finding('flag', 'rule-error', 'off'), severity: 'error' }),
      flagged('spike', ''),
      verdictOf(finding('quarantine', 'crossed-quote', 'a'), finding('flag', 'wide-spread', 'b')),
    ])
    const { rows: quality } = await client.query('SELECT rule, severity, disposition, ticks::int FROM data_quality ORDER BY rule')
    expect(quality).toEqual([
      { rule: 'crossed-quote', severity: 'error', disposition: 'quarantine', ticks: 1 },
      { rule: 'spike', severity: 'warning', disposition: 'flag', ticks: 3 },
    ])

    await migrateDown(client, { to: 5, loseRows: true })
    const [, , unclear, , statistic] = before as { reason: string | null }[]
    if (unclear) unclear.reason = 'far; too far; old; far; too far; old'
    if (statistic) statistic.reason = ''
    expect(await flags()).toEqual(before)
    expect((await client.query('SELECT rule, severity, ticks::int FROM data_quality ORDER BY rule')).rows).toEqual([
      { rule: 'crossed-quote', severity: 'quarantine', ticks: 1 },
      { rule: 'spike', severity: 'flag', ticks: 3 },
    ])
  })

  it('are made of rows in compressed chunks too, however many there are, and go back there', async ({ skip }) => {
    const client = await connectClient(await createDatabase())
    onTestFinished(() => client.end())
    await migrate(client, { migrations: (await readMigrations()).slice(0, 5) })
    await reconcileStorage(client)
    const { edition } = await planStorage(client)
    if (edition !== 'community') skip('only TimescaleDB Community compresses chunks')
    // Stands for the 100,000 of a server: a transaction counts the rows that it decompresses.
    await client.query('SET timescaledb.max_tuples_decompressed_per_dml_transaction = 10')
    await client.query(
      `INSERT INTO quotes (ts, session_id, seq, instrument_id, flags, reason)
         SELECT timestamptz '2014-06-05 13:30Z' + n * interval '1 second', 7, n, 1, 'spike', 'far' FROM generate_series(1, 100) n;
       ALTER TABLE quotes SET (timescaledb.compress, timescaledb.compress_segmentby = 'instrument_id');
       SELECT compress_chunk(chunk) FROM show_chunks('quotes') AS chunk`,
    )
    const rowsWith = async (where: string) => (await client.query(`SELECT FROM quotes WHERE ${where}`)).rowCount
    await migrate(client)
    expect(await rowsWith('rules = 1')).toBe(100)
    await client.query("SELECT compress_chunk(chunk, if_not_compressed => true) FROM show_chunks('quotes') AS chunk")
    await migrateDown(client, { to: 5, loseRows: true })
    expect(await rowsWith("flags = 'spike' AND reason = 'far'")).toBe(100)
  })
})
