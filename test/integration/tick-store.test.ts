import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { createTickStore, type TickStore } from '../../db/write/tick-store.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import type { Disposition, LineEvent, TapeRecord, Tick } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block, CONTRACTS, contractOf, FIRST_TS_US, quote, quotes, ticks as anyTicks } from '../support/tape/ticks.ts'
import { verdictNamed } from '../support/tape/records.ts'
import { finding, flagged, quarantined, verdictOf } from '../support/tape/verdicts.ts'

const gap = (seq: number, cause: string): TapeRecord => ({
  kind: 'gap',
  seq,
  tsUs: FIRST_TS_US + seq,
  fromTsUs: FIRST_TS_US,
  toTsUs: FIRST_TS_US + 1,
  cause,
})

/** A store with a pool of its own, closed when the test is over. */
function storeOf(url: string): TickStore {
  const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
  onTestFinished(() => pool.end())
  return createTickStore({ pool })
}

forEachEdition('the tick store', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  let sessionId = 1
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
  })
  afterAll(() => admin.end())
  beforeEach(() => {
    sessionId++
  })

  const store = (records: readonly TapeRecord[], batchNo = 1, tickStore = storeOf(url)) =>
    tickStore.store({ sessionId, batchNo, blocks: [block(records)] }, contractOf)
  const rows = async <T extends pg.QueryResultRow>(sql: string) => (await admin.query<T>(sql)).rows
  const seqs = async (table: string) =>
    (await rows<{ seq: string }>(`SELECT seq FROM ${table} WHERE session_id = ${sessionId} ORDER BY seq`)).map(({ seq }) => Number(seq))
  const rejected = () =>
    rows<{ seq: string; kind: string; rules: string; reason: string; instrument_id: string | null; tick: Record<string, unknown> }>(
      `SELECT seq, kind, rules, reason, instrument_id, tick FROM rejected_ticks WHERE session_id = ${sessionId} ORDER BY seq`,
    )
  /** A rule of the database on one table, for this test. */
  const constrain = async (table: string, add: string, drop: string) => {
    await admin.query(`ALTER TABLE ${table} ADD ${add}`)
    onTestFinished(async () => {
      await admin.query(`ALTER TABLE ${table} DROP ${drop}`)
    })
  }

  describe('what it writes', () => {
    it('is read back as it was on the tape, whatever the numbers and texts', async () => {
      const tickStore = storeOf(url)
      await fc.assert(
        fc.asyncProperty(fc.array(anyTicks, { minLength: 1, maxLength: 3 }), async ([first = [], ...others]) => {
          sessionId++
          const all: Tick[] = [...first]
          for (const more of others) {
            const last = all.at(-1) ?? { seq: 0, tsUs: FIRST_TS_US }
            all.push(...more.map((tick) => ({ ...tick, seq: tick.seq + last.seq, tsUs: tick.tsUs - FIRST_TS_US + last.tsUs })))
          }
          const middle = all.length >> 1
          const stored = [
            await tickStore.store({ sessionId, batchNo: 1, blocks: [block(all.slice(0, middle))] }, contractOf),
            await tickStore.store({ sessionId, batchNo: 2, blocks: [block([]), block(all.slice(middle))] }, contractOf),
          ]
          const rejectedTicks = all.filter(({ verdict }) => verdict?.disposition === 'quarantine').length
          expect(stored.reduce((sum, { acceptedTicks }) => sum + acceptedTicks, 0)).toBe(all.length - rejectedTicks)
          expect(stored.reduce((sum, { quarantinedTicks }) => sum + quarantinedTicks, 0)).toBe(rejectedTicks)

          const reader = await openTapeReader({ url }, { sessionId, includeQuarantined: true })
          const read: Tick[] = []
          for await (const chunk of reader.ticks()) read.push(...chunk)
          const key = (instrument: number) => contractKey(reader.contracts.get(instrument) ?? { kind: 'stock', symbol: '?', currency: '?' })
          const bare = ({ instrument: _instrument, ...tick }: Tick, keyOf: (instrument: number) => string) => ({
            ...tick,
            verdict: tick.verdict && verdictNamed(tick.verdict, keyOf),
          })
          expect(read.map((tick) => bare(tick, key))).toEqual(
            all.map((tick) => bare(tick, (instrument) => contractKey(CONTRACTS[instrument] ?? expect.fail()))),
          )
          expect(read.map(({ instrument }) => key(instrument))).toEqual(
            all.map(({ instrument }) => contractKey(CONTRACTS[instrument] ?? expect.fail())),
          )
        }),
        { numRuns: 25 },
      )
    })

    it('stands in the table of its kind, or in rejected_ticks when a rule quarantined it', async () => {
      const of = (disposition: Disposition) =>
        verdictOf(finding(disposition, 'crossed-quote', 'bid 2 is above ask 1'), finding(disposition, 'spike', 'jump of 80 %'))
      const verdict = { rules: 'crossed-quote,spike', reason: 'bid 2 is above ask 1; jump of 80 %' }
      const stored = await store([quote(1), quote(2, { verdict: of('flag') }), quote(3, { verdict: of('quarantine') })])
      expect(stored).toMatchObject({ alreadyCommitted: false, acceptedTicks: 2, quarantinedTicks: 1, refusedTicks: 0 })
      const bits = await rows<{ name: string; bit: number }>("SELECT name, bit FROM rules WHERE name IN ('crossed-quote', 'spike')")
      expect(bits).toHaveLength(2)
      const mask = bits.reduce((sum, { bit }) => sum + 2 ** bit, 0)
      expect(await rows(`SELECT seq, rules FROM quotes WHERE session_id = ${sessionId} ORDER BY seq`)).toEqual([
        { seq: '1', rules: null },
        { seq: '2', rules: String(mask) },
      ])
      expect(await rejected()).toMatchObject([{ seq: '3', kind: 'quote', ...verdict, tick: { bidPrice: 1.03, askPrice: 1.08 } }])
      expect(
        await rows(`SELECT rule, severity, disposition, ticks FROM data_quality WHERE session_id = ${sessionId} ORDER BY 1, 2 DESC`),
      ).toEqual([
        { rule: 'crossed-quote', severity: 'warning', disposition: 'flag', ticks: '1' },
        { rule: 'crossed-quote', severity: 'error', disposition: 'quarantine', ticks: '1' },
        { rule: 'spike', severity: 'warning', disposition: 'flag', ticks: '1' },
        { rule: 'spike', severity: 'error', disposition: 'quarantine', ticks: '1' },
      ])
    })

    it('counts what rules quarantined also in a batch of which nothing else is to be said', async () => {
      await store([quote(1, { verdict: quarantined('spike', 'far') })])
      expect(await rows(`SELECT rule, severity, disposition, ticks FROM data_quality WHERE session_id = ${sessionId}`)).toEqual([
        { rule: 'spike', severity: 'error', disposition: 'quarantine', ticks: '1' },
      ])
    })

    it('takes over details that the tape tells of an instrument which the store knows already', async () => {
      const tickStore = storeOf(url)
      await store(quotes(1, 3), 1, tickStore)
      const contract: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD', conId: 76 }
      await store([{ kind: 'contract', seq: 100, tsUs: FIRST_TS_US, instrument: 0, contract }], 2, tickStore)
      expect(await rows("SELECT con_id FROM instruments WHERE key = 'stock:TWX:USD'")).toEqual([{ con_id: '76' }])
    })

    it('says what came delayed and what tick by tick, also of a tick that was quarantined', async () => {
      const verdict = quarantined('spike', 'far')
      await store([
        quote(1),
        quote(2, { delayed: true, source: 'tick-by-tick' }),
        quote(3, { delayed: true, source: 'tick-by-tick', verdict }),
        { kind: 'trade', seq: 4, tsUs: FIRST_TS_US + 4, instrument: 0, price: 1, source: 'tick-by-tick', delayed: true },
      ])
      expect(await rows(`SELECT seq, source, delayed FROM quotes WHERE session_id = ${sessionId} ORDER BY seq`)).toEqual([
        { seq: '1', source: null, delayed: null },
        { seq: '2', source: 'tick-by-tick', delayed: true },
      ])
      expect(await rows(`SELECT source, delayed FROM trades WHERE session_id = ${sessionId}`)).toEqual([
        { source: 'tick-by-tick', delayed: true },
      ])
      expect(await rejected()).toMatchObject([{ seq: '3', tick: { source: 'tick-by-tick', delayed: true } }])
    })

    it('is written once, however often it is sent', async () => {
      const first = await store(quotes(1, 10))
      const again = await store(quotes(1, 10))
      expect(again).toMatchObject({ alreadyCommitted: true, acceptedTicks: first.acceptedTicks, quarantinedTicks: 0, refusedTicks: 0 })
      expect(await seqs('quotes')).toHaveLength(10)
    })

    it('may be a batch without any tick', async () => {
      expect(await store([])).toMatchObject({ alreadyCommitted: false, acceptedTicks: 0, quarantinedTicks: 0 })
      expect(await store([])).toMatchObject({ alreadyCommitted: true })
    })

    it('keeps the numbers of instruments over lanes, stores and sessions, with the latest details', async () => {
      const stores = [storeOf(url), storeOf(url)]
      const session = sessionId
      await Promise.all(Array.from({ length: 8 }, (_, i) => store(quotes(1 + i * 10, 10), i + 1, stores[i % 2])))
      sessionId++
      await store(quotes(1, 3))
      const contract: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD', conId: 77, priceGrid: [{ from: 0, increment: 0.01 }] }
      await store([{ kind: 'contract', seq: 100, tsUs: FIRST_TS_US, instrument: 0, contract }], 2)
      const counts = await rows(`SELECT key, con_id, price_grid, count(*)::int AS quotes FROM quotes JOIN instruments USING (instrument_id)
        WHERE session_id IN (${session}, ${sessionId}) GROUP BY key, con_id, price_grid ORDER BY key`)
      expect(counts).toEqual([
        { key: contractKey(CONTRACTS[2] ?? expect.fail()), con_id: null, price_grid: null, quotes: 28 },
        { key: contractKey(CONTRACTS[1] ?? expect.fail()), con_id: null, price_grid: null, quotes: 28 },
        { key: 'stock:TWX:USD', con_id: '77', price_grid: [{ from: 0, increment: 0.01 }], quotes: 27 },
      ])
    })
  })

  describe('what the database does not take', () => {
    it('is set aside row by row, and the rest of its batch is written', async () => {
      await constrain('quotes', `CONSTRAINT no_seven CHECK (session_id <> ${sessionId} OR seq % 7 <> 0)`, 'CONSTRAINT no_seven')
      const stored = await store(quotes(1, 100))
      expect(stored).toMatchObject({ acceptedTicks: 86, quarantinedTicks: 14, refusedTicks: 14 })
      expect(await seqs('quotes')).toEqual(
        quotes(1, 100)
          .map(({ seq }) => seq)
          .filter((seq) => seq % 7 !== 0),
      )
      const [first] = await rejected()
      expect(first).toMatchObject({ seq: '7', rules: 'database-refused', tick: { bidPrice: 1.07 } })
      expect(first?.reason).toMatch(/violates check constraint "no_seven".*23514/)
      expect(await store(quotes(1, 100))).toMatchObject({
        alreadyCommitted: true,
        acceptedTicks: 86,
        quarantinedTicks: 14,
        refusedTicks: 14,
      })
    })

    it('is found in a batch that is larger than what a socket holds, and the connection goes on', async () => {
      await constrain('quotes', `CONSTRAINT not_first CHECK (session_id <> ${sessionId} OR seq <> 1)`, 'CONSTRAINT not_first')
      const tickStore = storeOf(url)
      expect(await store(quotes(1, 60_000), 1, tickStore)).toMatchObject({ acceptedTicks: 59_999, refusedTicks: 1 })
      expect(await store(quotes(60_001, 10), 2, tickStore)).toMatchObject({ acceptedTicks: 10 })
    })

    it('may be text with a NUL, which is kept in a form that can be read back', async () => {
      const trade: Tick = {
        kind: 'trade',
        seq: 2,
        tsUs: FIRST_TS_US + 2,
        instrument: 0,
        price: -0,
        size: Number.POSITIVE_INFINITY,
        source: 'last',
        venue: 'A\0B',
      }
      const verdict = quarantined('odd\0rule', 'odd \0')
      await store([quote(1), trade, { ...trade, seq: 3, tsUs: FIRST_TS_US + 3, verdict }])
      expect(await seqs('quotes')).toEqual([1])
      const reader = await openTapeReader({ url }, { sessionId, includeQuarantined: true })
      const read: Tick[] = []
      for await (const chunk of reader.ticks()) read.push(...chunk)
      const [refused, rejectedByRule] = read.filter(({ kind }) => kind === 'trade')
      expect(refused).toMatchObject({
        price: -0,
        size: Number.POSITIVE_INFINITY,
        venue: 'A\0B',
        verdict: { disposition: 'quarantine', findings: [{ rule: 'database-refused' }] },
      })
      expect(rejectedByRule).toMatchObject({ venue: 'A\0B', verdict: quarantined('odd␀rule', 'odd ␀') })
    })

    it('may be refused by a trigger', async () => {
      await admin.query(`CREATE FUNCTION refuse_statistics() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.value > 2 THEN RAISE EXCEPTION 'not % please', NEW.value; END IF; RETURN NEW; END $$`)
      onTestFinished(async () => {
        await admin.query('DROP FUNCTION refuse_statistics CASCADE')
      })
      await admin.query('CREATE TRIGGER refuse BEFORE INSERT ON statistics FOR EACH ROW EXECUTE FUNCTION refuse_statistics()')
      const statistic = (seq: number, value: number): Tick => ({
        kind: 'statistic',
        seq,
        tsUs: FIRST_TS_US + seq,
        instrument: 0,
        name: 'day-volume',
        value,
      })
      expect(await store([statistic(1, 1), statistic(2, 2), statistic(3, 3)])).toMatchObject({ acceptedTicks: 2, refusedTicks: 1 })
      expect(await rejected()).toMatchObject([{ seq: '3', reason: 'not 3 please (SQLSTATE P0001)' }])
    })

    it('may vanish in a trigger, and is not counted as written then', async () => {
      await admin.query(`CREATE FUNCTION swallow_quotes() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.seq % 10 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $$`)
      onTestFinished(async () => {
        await admin.query('DROP FUNCTION swallow_quotes CASCADE')
      })
      await admin.query('CREATE TRIGGER swallow BEFORE INSERT ON quotes FOR EACH ROW EXECUTE FUNCTION swallow_quotes()')
      expect(await store(quotes(1, 1000))).toMatchObject({ acceptedTicks: 900, quarantinedTicks: 0, alreadyCommitted: false })
      expect(await store(quotes(1, 1000))).toMatchObject({ acceptedTicks: 900, quarantinedTicks: 0, alreadyCommitted: true })
      expect(await seqs('quotes')).toHaveLength(900)
      expect(await store([quote(1010, { verdict: flagged('odd', 'odd') }), quote(1011)], 2)).toMatchObject({ acceptedTicks: 1 })
    })

    it('may be refused only at COMMIT', async () => {
      await admin.query(`CREATE FUNCTION refuse_gaps() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.cause = 'rain' THEN RAISE EXCEPTION 'no rain'; END IF; RETURN NULL; END $$`)
      onTestFinished(async () => {
        await admin.query('DROP FUNCTION refuse_gaps CASCADE')
      })
      await admin.query(
        'CREATE CONSTRAINT TRIGGER late AFTER INSERT ON gaps DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_gaps()',
      )
      expect(await store([quote(1), gap(2, 'rain'), gap(3, 'storm')])).toMatchObject({ acceptedTicks: 1 })
      expect(await rows(`SELECT cause FROM feed_gaps WHERE session_id = ${sessionId}`)).toEqual([{ cause: 'storm' }])
      expect(await rejected()).toMatchObject([{ kind: 'gap', reason: 'no rain (SQLSTATE P0001)' }])
    })

    it('is kept when the tape does not explain its instrument, or explains it by what cannot be', async () => {
      const impossible = { ...CONTRACTS[1], expiry: '2014-02-31' } as (typeof CONTRACTS)[number]
      const stored = await storeOf(url).store(
        { sessionId, batchNo: 1, blocks: [block([quote(3), quote(4), quote(5, { instrument: 77 })])] },
        (instrument) => (instrument === 1 ? impossible : contractOf(instrument)),
      )
      expect(stored).toMatchObject({ acceptedTicks: 1, quarantinedTicks: 2, refusedTicks: 2 })
      const kept = await rejected()
      expect(kept).toMatchObject([
        { seq: '4', rules: 'unknown-instrument', instrument_id: null, tick: { instrument: 1 } },
        { seq: '5', rules: 'unknown-instrument', instrument_id: null, tick: { instrument: 77 } },
      ])
      expect(kept[0]?.reason).toMatch(/does not take the instrument .*2014-02-31/)
      expect(kept[1]?.reason).toBe('the tape has no contract for its instrument 77')
    })

    it('is kept when its event time is no time', async () => {
      expect(await store([quote(1, { eventTsUs: 1.5 }), quote(2, { eventTsUs: 1e300 }), quote(3)])).toMatchObject({
        acceptedTicks: 1,
        refusedTicks: 2,
      })
      expect(await rejected()).toMatchObject([{ tick: { eventTsUs: 1.5 } }, { tick: { eventTsUs: 1e300 } }])
    })

    it('is kept when it is no tick but a gap', async () => {
      await constrain('gaps', "CONSTRAINT no_rain CHECK (cause <> 'rain')", 'CONSTRAINT no_rain')
      expect(await store([quote(1), gap(2, 'rain'), gap(3, 'storm\0')])).toMatchObject({ acceptedTicks: 1, quarantinedTicks: 0 })
      expect(await rows(`SELECT cause FROM feed_gaps WHERE session_id = ${sessionId}`)).toEqual([{ cause: 'storm␀' }])
      expect(await rejected()).toMatchObject([{ kind: 'gap', rules: 'database-refused', tick: { cause: 'rain' } }])
    })

    it('is in its own table though the record of it is refused', async () => {
      await constrain('control_records', "CONSTRAINT no_gaps CHECK (kind <> 'gap') NOT VALID", 'CONSTRAINT no_gaps')
      await store([quote(1), gap(2, 'storm')])
      expect(await rows(`SELECT cause FROM feed_gaps WHERE session_id = ${sessionId}`)).toEqual([{ cause: 'storm' }])
      expect(await rejected()).toMatchObject([{ kind: 'gap', rules: 'database-refused', tick: { cause: 'storm' } }])
    })
  })

  describe('the records beside the ticks', () => {
    it('give the same rows in whatever order their batches commit', async () => {
      const line = (event: LineEvent['event'], seq: number, openedSeq: number, cause?: string): TapeRecord => ({
        kind: 'line',
        seq,
        tsUs: FIRST_TS_US + seq,
        instrument: openedSeq % 3,
        event,
        openedSeq,
        openedTsUs: FIRST_TS_US + openedSeq,
        ...(openedSeq === 7 && { feed: 'tick-by-tick-quotes' }),
        ...(event === 'closed' && { untilTsUs: FIRST_TS_US + seq - 1 }),
        cause,
      })
      const mark = (event: 'started' | 'alive' | 'ended', seq: number): TapeRecord => ({
        kind: 'session',
        seq,
        tsUs: FIRST_TS_US + seq,
        event,
        ...(event === 'ended' && { cause: 'asked to' }),
        ...(event === 'started' && { detail: { clock: 'wall', host: 'a\0b' } }),
      })
      const batches: TapeRecord[][] = [
        [
          mark('started', 1),
          { kind: 'config', seq: 2, tsUs: FIRST_TS_US + 2, config: { rules: ['x'], '\0': '\0' } },
          line('opened', 3, 3, 'start'),
          line('opened', 4, 4),
        ],
        [mark('alive', 5), line('closed', 6, 3, 'rotated'), line('opened', 7, 7), line('closed', 8, 7)],
        [
          {
            kind: 'gap',
            seq: 9,
            tsUs: FIRST_TS_US + 9,
            fromTsUs: FIRST_TS_US + 5,
            toTsUs: FIRST_TS_US + 8,
            cause: 'link',
            instrument: 1,
            droppedTicks: 4,
          },
          mark('alive', 10),
        ],
        [line('closed', 11, 4), mark('ended', 12)],
      ]
      const state = async () => {
        const queries = [
          'SELECT started_ts, last_alive_ts, ended_ts, ended_cause, clock, detail FROM sessions',
          'SELECT opened_seq, instrument_id, feed, opened_ts, closed_seq, closed_ts, until_ts, cause FROM line_holds',
          'SELECT seq, from_ts, to_ts, cause, instrument_id, dropped_ticks FROM feed_gaps',
          'SELECT seq, ts, config FROM session_configs',
        ]
        const found = []
        for (const query of queries) found.push(await rows(`${query} WHERE session_id = ${sessionId} ORDER BY 1`))
        return found
      }
      const orders = fc.sample(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), { numRuns: 8, seed: 1 })
      const states = []
      for (const order of [[0, 1, 2, 3], ...orders]) {
        sessionId++
        const tickStore = storeOf(url)
        for (const i of order) await store(batches[i] ?? [], i + 1, tickStore)
        states.push(await state())
      }
      const [sessions, lines, gaps] = states[0] ?? []
      expect(sessions).toMatchObject([{ ended_cause: 'asked to', clock: 'wall' }])
      expect(lines).toMatchObject([
        { opened_seq: '3', closed_seq: '6', feed: null, cause: 'rotated' },
        { opened_seq: '4', closed_seq: '11', cause: null },
        { opened_seq: '7', closed_seq: '8', feed: 'tick-by-tick-quotes', cause: null },
      ])
      expect(gaps).toMatchObject([{ seq: '9', cause: 'link', dropped_ticks: '4' }])
      for (const other of states) expect(other).toEqual(states[0])
    })
  })
})
