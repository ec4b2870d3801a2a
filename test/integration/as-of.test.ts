/**
 * What was known at an instant: the database's answer against that of the state which the same records make, on the shipped day; and on
 * days made by hand, where lines are closed, farms break, ticks are dropped and two collectors record at once.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { chainOnTape } from '../../backtester/replay/chain-on-tape.ts'
import { servesLine } from '../../collector/gaps/farms.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { chainAt } from '../../db/read/queries/chain-at.ts'
import { BAR_AGGREGATES } from '../../db/schema/storage/bars/index.ts'
import { reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { wishedStorage } from '../../db/schema/storage/wished.ts'
import { fillTradingSessions } from '../../db/schema/trading-sessions.ts'
import { tapeSource } from '../../db/tape/tape-source.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { Contract, OptionContract } from '../../market/contract.ts'
import { Mark } from '../../market/marks.ts'
import type { KnownChain } from '../../market/state/known-chain.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { isoFromUs, usFromIso } from '../../market/time.ts'
import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block } from '../support/tape/ticks.ts'
import { flagged, quarantined } from '../support/tape/verdicts.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const BATCH = 2000
const EXAMPLES = [...readFileSync(join(packageRoot(), 'docs', 'queries.md'), 'utf8').matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(
  ([, sql = '']) => sql,
)

type Unstamped = TapeRecord extends infer R ? (R extends TapeRecord ? Omit<R, 'seq' | 'tsUs'> : never) : never

/** A session whose records have consecutive numbers; each as of the time that was said last, and a microsecond behind the one before. */
class Session {
  readonly records: TapeRecord[] = []
  readonly #opened = new Map<number, { openedSeq: number; openedTsUs: number }>()
  #nowUs = 0

  /** A time of 2014-06-05, UTC. */
  at(time: string): this {
    this.#nowUs = usFromIso(`2014-06-05T${time}Z`)
    return this
  }

  add(...records: Unstamped[]): this {
    for (const record of records) this.records.push({ ...record, seq: this.records.length + 1, tsUs: this.#nowUs++ })
    return this
  }

  started(contracts: readonly Contract[], from = 0): this {
    this.add({ kind: 'session', event: 'started', detail: {} })
    for (const [i, contract] of contracts.entries()) this.add({ kind: 'contract', instrument: from + i, contract }).opened(from + i)
    return this
  }

  opened(instrument: number): this {
    const opening = { openedSeq: this.records.length + 1, openedTsUs: this.#nowUs }
    this.#opened.set(instrument, opening)
    return this.add({ kind: 'line', event: 'opened', instrument, ...opening })
  }

  closed(instrument: number, cause: string): this {
    const opening = this.#opened.get(instrument) ?? expect.unreachable('it was not opened')
    return this.add({ kind: 'line', event: 'closed', instrument, ...opening, untilTsUs: this.#nowUs, cause })
  }

  /** From the time in front of it to the present one. */
  gap(from: string, cause: string, droppedTicks?: number): this {
    return this.add({
      kind: 'gap',
      fromTsUs: usFromIso(`2014-06-05T${from}Z`),
      toTsUs: this.#nowUs,
      cause,
      ...(droppedTicks && { droppedTicks }),
    })
  }

  quote(instrument: number, bidPrice: number, askPrice: number, more: Partial<Extract<TapeRecord, { kind: 'quote' }>> = {}): this {
    return this.add({ kind: 'quote', instrument, bidPrice, askPrice, bidSize: 10, askSize: 20, ...more })
  }
}

const option = (symbol: string, strike: number, right: 'C' | 'P', more: Partial<OptionContract> = {}): OptionContract => ({
  kind: 'option',
  symbol,
  currency: 'USD',
  expiry: '2014-06-21',
  strike,
  right,
  multiplier: 100,
  tradingClass: symbol,
  ...more,
})
const stock = (symbol: string): Contract => ({ kind: 'stock', symbol, currency: 'USD' })

/** The shipped tape as a collector would have recorded it whose lines all lived from begin to end. */
async function shippedDay(): Promise<TapeRecord[]> {
  const records: Unstamped[] = []
  for await (const chunk of tapeSource(SHIPPED).records()) records.push(...chunk.records)
  const [first] = records as TapeRecord[]
  const tape: TapeRecord[] = [{ kind: 'session', event: 'started', detail: {}, seq: 1, tsUs: (first?.tsUs ?? 0) - 1_000_000 }]
  let lastUs = tape[0]?.tsUs ?? 0
  const add = (record: Unstamped, tsUs: number) => {
    lastUs = Math.max(tsUs, lastUs + 1)
    tape.push({ ...record, seq: tape.length + 1, tsUs: lastUs })
  }
  for (const record of records as TapeRecord[]) {
    add(record, record.tsUs)
    if (record.kind === 'contract')
      add({ kind: 'line', event: 'opened', instrument: record.instrument, openedSeq: tape.length + 1, openedTsUs: lastUs + 1 }, 0)
  }
  add({ kind: 'session', event: 'ended', cause: 'SIGTERM' }, 0)
  return tape
}

forEachEdition('what was known at an instant', ({ createTapeDatabase }) => {
  let client: pg.Client
  let day: TapeRecord[]
  const sessions = new Map<number, readonly TapeRecord[]>()
  let url: string

  async function store(sessionId: number, records: readonly TapeRecord[]): Promise<void> {
    sessions.set(sessionId, records)
    const contracts = new Map(
      records.flatMap((record) => (record.kind === 'contract' ? [[record.instrument, record.contract] as const] : [])),
    )
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    const tickStore = createTickStore({ pool })
    for (let i = 0; i < records.length; i += BATCH)
      await tickStore.store({ sessionId, batchNo: i / BATCH + 1, blocks: [block(records.slice(i, i + BATCH))] }, (instrument) =>
        contracts.get(instrument),
      )
    await pool.end()
  }

  const replayed = (sessionId: number, symbol: string, atUs: number): Promise<KnownChain> =>
    chainOnTape(
      {
        name: 'made here',
        async *records() {
          yield { sessionId, records: [...(sessions.get(sessionId) ?? [])] }
        },
      },
      { symbol, atUs },
    )
  const stored = (symbol: string, atUs: number) => chainAt(client, { symbol, atUs })
  /** Of each option, by right and strike: its prices, and why they are stale. */
  const chain = async (symbol: string, time: string) => {
    const { options } = await stored(symbol, usFromIso(`2014-06-05T${time}Z`))
    return Object.fromEntries(
      options.map(({ right, strike, bidPrice, staleCause, flags }) => [`${right}${strike}`, [bidPrice, staleCause, ...flags]]),
    )
  }

  beforeAll(async () => {
    url = await createTapeDatabase()
    client = await connectClient(url)
    const wished = wishedStorage()
    const missing = BAR_AGGREGATES.filter(({ name }) => !wished.some((object) => object.kind === 'aggregate' && object.name === name))
    await reconcileStorage(client, { wished: [...wished, ...missing] })
    await fillTradingSessions(client, { isThorough: true })
    day = await shippedDay()
    await store(1, day)
  })
  afterAll(() => client.end())

  it('is what the records up to then make of it, on the shipped day', async () => {
    const [first, last] = [day[0]?.tsUs ?? 0, day.at(-1)?.tsUs ?? 0]
    const instants = ['13:29:59', '13:30:01', '13:47:13', '16:00:00', '19:59:59', '20:30:00'].map((time) =>
      usFromIso(`2014-06-05T${time}Z`),
    )
    for (const atUs of [...instants, last - 1, last + 1]) {
      const known = await stored('TWX', atUs)
      expect(known, isoFromUs(atUs)).toEqual(await replayed(1, 'TWX', atUs))
      expect(known.options.length).toBe(184)
    }
    const noon = await stored('TWX', usFromIso('2014-06-05T16:00:00Z'))
    expect(noon.options.filter(({ staleCause }) => staleCause !== undefined)).toEqual([])
    expect(noon.options.filter(({ quoteUs }) => quoteUs !== undefined).length).toBeGreaterThan(180)
    expect((await stored('TWX', last + 1)).options.every(({ staleCause }) => staleCause === 'not-recorded')).toBe(true)
    expect(await stored('TWX', first - 1)).toMatchObject({ options: [] })
  })

  it.each(EXAMPLES)('is told by the example of the documentation: %s', async (sql) => {
    // The shipped day has no trades.
    expect((await client.query(sql)).rowCount).toBeGreaterThan(sql.includes('FROM bars(') ? -1 : 0)
  })

  describe('of lines, gaps and verdicts', () => {
    beforeAll(async () => {
      const contracts = [
        stock('AAA'),
        option('AAA', 10, 'C'),
        option('AAA', 10, 'P'),
        option('AAA', 20, 'C'),
        option('AAA', 20, 'P', { tradingClass: 'AAA1' }),
      ]
      const rule = (disposition: typeof flagged) => disposition('wide-spread', 'wide')
      const made = new Session().at('13:00:00').started(contracts)
      for (const i of contracts.keys()) made.quote(i, i + 1, i + 2, { marks: Mark.initial })
      made
        .add({
          kind: 'trade',
          instrument: 1,
          price: 1.5,
          size: 3,
          source: 'last',
          marks: Mark.initial,
          eventTsUs: usFromIso('2014-06-05T12:00:00Z'),
        })
        .add({
          kind: 'greeks',
          instrument: 1,
          basis: 'model',
          impliedVolatility: 0.3,
          delta: 0.5,
          gamma: 0.1,
          vega: 0.2,
          theta: -0.1,
          underlyingPrice: 15,
        })
        .add({ kind: 'greeks', instrument: 1, basis: 'bid', impliedVolatility: 0.9 })
        .at('13:10:00')
        .quote(1, 3, 4, { verdict: rule(flagged), delayed: true })
        .quote(2, 7, 4, { verdict: rule(quarantined) })
        .at('13:20:00')
        .closed(3, 'silent')
        .at('13:30:00')
        .opened(3)
        .at('13:40:00')
        .quote(3, 8, 9)
        .at('14:00:10')
        .add({ kind: 'session', event: 'interrupted', fromTsUs: usFromIso('2014-06-05T14:00:00Z'), cause: 'farm-broken: usopt' })
        .at('14:05:00')
        .gap('14:00:00', 'farm-broken: usopt')
        .at('14:06:00')
        .quote(1, 5, 6)
        .at('14:10:01')
        .add({ kind: 'session', event: 'interrupted', fromTsUs: usFromIso('2014-06-05T14:10:00Z'), cause: 'dropped: journal-full' })
        .at('14:20:00')
        .gap('14:10:00', 'dropped: journal-full', 7)
        .at('14:21:00')
        .quote(1, 6, 7)
        .at('14:30:00')
        .add({ kind: 'session', event: 'interrupted', fromTsUs: usFromIso('2014-06-05T14:29:00Z'), cause: 'ib-1100' })
        .at('14:31:00')
        .add({ kind: 'contract', instrument: 5, contract: option('AAA', 30, 'C') })
        .opened(5)
        .at('15:00:00')
        .add({ kind: 'session', event: 'ended', cause: 'SIGTERM' })
      await store(2, made.records)
    })

    it('gives the newest quote with its marks and the rules that doubt it, and not a quarantined one', async () => {
      expect(await chain('AAA', '13:05:00')).toMatchObject({ C10: [2, undefined, 'initial'], P10: [3, undefined, 'initial'] })
      expect(await chain('AAA', '13:15:00')).toEqual({
        C10: [3, undefined, 'delayed', 'wide-spread'],
        P10: [3, undefined, 'initial', 'quarantined'],
        C20: [4, undefined, 'initial'],
        P20: [5, undefined, 'initial', 'adjusted'],
      })
    })

    it('calls what stood before a line was closed stale, until the line that is open again has a quote', async () => {
      expect(await chain('AAA', '13:19:59')).toMatchObject({ C20: [4, undefined, 'initial'] })
      expect(await chain('AAA', '13:25:00')).toMatchObject({ C20: [4, 'silent', 'initial'], P20: [5, undefined, 'initial', 'adjusted'] })
      expect(await chain('AAA', '13:35:00')).toMatchObject({ C20: [4, 'no-quote-yet', 'initial'] })
      expect(await chain('AAA', '13:45:00')).toMatchObject({ C20: [8, undefined] })
    })

    it('calls what stood before a gap stale, within it and behind it', async () => {
      const farm = 'farm-broken: usopt'
      expect(await chain('AAA', '14:02:00')).toMatchObject({ C10: [3, farm, 'delayed', 'wide-spread'], C20: [8, farm] })
      expect(await chain('AAA', '14:08:00')).toMatchObject({ C10: [5, undefined], C20: [8, farm] })
      expect(await chain('AAA', '14:15:00')).toMatchObject({ C10: [5, 'dropped: journal-full'] })
      expect(await chain('AAA', '14:25:00')).toMatchObject({ C10: [6, undefined], C20: [8, 'dropped: journal-full'] })
      // The stock is not served by that farm.
      const { underlyings } = await stored('AAA', usFromIso('2014-06-05T14:02:00Z'))
      expect(underlyings).toEqual([expect.objectContaining({ key: 'stock:AAA:USD', bidPrice: 1 })])
      expect(underlyings[0]).not.toHaveProperty('staleCause')
    })

    it('knows of a gap that has not ended yet, and of an option only from when it was named', async () => {
      expect(await chain('AAA', '14:29:30')).toMatchObject({ C10: [6, 'ib-1100'] })
      expect(await chain('AAA', '14:30:30')).not.toHaveProperty('C30')
      expect(await chain('AAA', '14:45:00')).toMatchObject({ C10: [6, 'ib-1100'], C30: [undefined, undefined] })
      expect(await chain('AAA', '15:01:00')).toMatchObject({ C10: [6, 'not-recorded'] })
    })

    it('leaves out what has expired, and keeps it until the end of its last day in New York', async () => {
      const on = async (time: string) => (await client.query(`SELECT FROM chain_at('AAA', $1, '30 days')`, [time])).rowCount
      expect([await on('2014-06-22 03:59Z'), await on('2014-06-22 04:00Z')]).toEqual([5, 0])
    })

    it('gives the greeks of the model and the last trade with their times', async () => {
      const known = await stored('AAA', usFromIso('2014-06-05T13:05:00Z'))
      expect(known.options.find(({ right, strike }) => right === 'C' && strike === 10)).toMatchObject({
        impliedVolatility: 0.3,
        delta: 0.5,
        gamma: 0.1,
        vega: 0.2,
        theta: -0.1,
        underlyingPrice: 15,
        lastPrice: 1.5,
        lastSize: 3,
        lastUs: usFromIso('2014-06-05T12:00:00Z'),
      })
      const { rows } = await client.query<{ age: string; greeks: string }>(
        `SELECT last_age::text AS age, greeks_age::text AS greeks FROM chain_at('AAA', '2014-06-05 13:05Z') WHERE key LIKE '%:C:10:%'`,
      )
      expect(rows).toEqual([{ age: '01:05:00', greeks: expect.stringMatching(/^00:04:59\.99/) }])
    })

    it('is the same as the state that the records make, where no gap was noticed later than it began', async () => {
      for (const time of ['13:05:00', '13:15:00', '13:25:00', '13:35:00', '13:45:00', '14:15:00']) {
        const atUs = usFromIso(`2014-06-05T${time}Z`)
        const [known, made] = [await stored('AAA', atUs), await replayed(2, 'AAA', atUs)]
        const withoutReasons = ({ options }: KnownChain) =>
          // A quote that does not stand has no quarantined one beside it either.
          options.map(({ staleCause, flags, ...rest }) => ({
            ...rest,
            isStale: staleCause !== undefined,
            flags: flags.filter((flag) => flag !== 'quarantined'),
          }))
        expect(withoutReasons(known), time).toEqual(withoutReasons(made))
        if (time < '14') expect(known, time).toEqual(made)
      }
    })
  })

  it('takes the newest quote of several sessions, which stands as long as one of them has held the line since', async () => {
    const contracts = [option('BBB', 10, 'C'), option('BBB', 10, 'P')]
    const one = new Session().at('13:00:00').started(contracts).quote(0, 1, 2).quote(1, 1, 2).at('13:20:00').quote(0, 3, 4).at('13:30:00')
    one.closed(0, 'link-lost').closed(1, 'link-lost').add({ kind: 'session', event: 'ended', cause: 'SIGTERM' })
    // It has the same lines, and loses one of them before.
    const other = new Session().at('13:10:00').started(contracts).quote(0, 2, 3).quote(1, 1, 2).at('13:25:00').closed(1, 'refused: 101')
    await store(3, one.records)
    await store(4, other.at('14:00:00').add({ kind: 'session', event: 'ended', cause: 'SIGTERM' }).records)
    expect(await chain('BBB', '13:15:00')).toEqual({ C10: [2, undefined], P10: [1, undefined] })
    expect(await chain('BBB', '13:28:00')).toEqual({ C10: [3, undefined], P10: [1, undefined] })
    expect(await chain('BBB', '13:40:00')).toEqual({ C10: [3, undefined], P10: [1, 'refused: 101'] })
    expect(await chain('BBB', '14:10:00')).toEqual({ C10: [3, 'not-recorded'], P10: [1, 'not-recorded'] })
  })

  it('goes on for a minute behind the last sign of life of a session that has not ended', async () => {
    const running = new Session()
      .at('13:00:00')
      .started([option('CCC', 10, 'C')])
      .quote(0, 1, 2)
      .at('13:10:00')
      .add({ kind: 'session', event: 'alive' })
    await store(5, running.records)
    expect(await chain('CCC', '13:10:59')).toEqual({ C10: [1, undefined] })
    expect(await chain('CCC', '13:11:01')).toEqual({ C10: [1, 'not-recorded'] })
  })

  it('looks back for a week, or for as long as is asked, and says so by a quote that is missing', async () => {
    const rows = async (sql: string) => (await client.query<{ bid_price: number | null; stale_cause: string }>(sql)).rows
    expect(await rows(`SELECT bid_price, stale_cause FROM chain_at('CCC', '2014-06-12 12:59Z')`)).toEqual([
      { bid_price: 1, stale_cause: 'not-recorded' },
    ])
    expect(await rows(`SELECT bid_price, stale_cause FROM chain_at('CCC', '2014-06-12 13:01Z')`)).toEqual([
      { bid_price: null, stale_cause: 'not-recorded' },
    ])
    expect(await rows(`SELECT bid_price, stale_cause FROM chain_at('CCC', '2014-06-12 13:01Z', look_back => '8 days')`)).toEqual([
      { bid_price: 1, stale_cause: 'not-recorded' },
    ])
  })

  it('gives a quote by number, key or symbol, and nothing of what is not known', async () => {
    const ask = async (instrument: string) =>
      (await client.query(`SELECT key, bid_price, stale, flags FROM quote_at(${instrument}, '2014-06-05 13:05Z')`)).rows
    const { rows } = await client.query<{ id: string }>(`SELECT instrument_id AS id FROM instruments WHERE key = 'stock:AAA:USD'`)
    const found = [{ key: 'stock:AAA:USD', bid_price: 1, stale: false, flags: ['initial'] }]
    expect([await ask(`'AAA'`), await ask(`'stock:AAA:USD'`), await ask(rows[0]?.id ?? '')]).toEqual([found, found, found])
    expect(await ask(`'option:AAA:USD:AAA:2014-06-21:P:10:100'`)).toMatchObject([{ bid_price: 3 }])
    expect([await ask(`'NOTHING'`), await ask('0')]).toEqual([[], []])
  })

  it('gives bars of the best source of trades, and says which widths there are', async () => {
    const trades = new Session().at('15:00:01').started([stock('DDD')])
    for (const source of ['tick-by-tick', 'last'] as const)
      for (const [i, price] of [10, 12, 9, 11].entries())
        trades.at(`15:0${i}:0${source === 'last' ? 3 : 2}`).add({ kind: 'trade', instrument: 0, price, size: 100, source })
    trades.records.sort((a, b) => a.tsUs - b.tsUs)
    const records = trades.records.map((record, i) => ({ ...record, seq: i + 1 }))
    await store(6, [
      ...records,
      { kind: 'session', event: 'ended', cause: 'SIGTERM', seq: records.length + 1, tsUs: usFromIso('2014-06-05T15:10:00Z') },
    ])
    const ask = async (symbol: string, width: string) =>
      (
        await client.query<Record<string, unknown>>(
          `SELECT key, open, high, low, close, volume, trades::int, source FROM bars('${symbol}', '${width}', '2014-06-05', '2014-06-06')`,
        )
      ).rows
    const all = { key: 'stock:DDD:USD', open: 10, high: 12, low: 9, close: 11, volume: 400, trades: 4, source: 'tick-by-tick' }
    expect([await ask('DDD', '5m'), await ask('stock:DDD:USD', '1h'), await ask('DDD', '1d'), await ask('NOTHING', '1d')]).toEqual([
      [all],
      [all],
      [all],
      [],
    ])
    expect((await ask('DDD', '1m')).map(({ close }) => close)).toEqual([10, 12, 9, 11])
    await expect(ask('DDD', '2m')).rejects.toThrow(/expected a width of 1m, 5m, 1h or 1d, found 2m/)
  })

  it('counts the gap of a farm for the lines that the collector counts it for', async () => {
    const farms = [
      'usfarm',
      'usfarm.nj',
      'USOPT',
      'usopt.nj',
      'usfuture',
      'eufarm',
      'eufarmnj',
      'jfarm',
      'cashfarm',
      'ushmds',
      'euhmds',
      'apachmds',
      'secdefnj',
      'hfarm',
      'unknown',
    ]
    const lines = (['stock', 'index', 'option', 'future'] as const).flatMap((kind) =>
      ['USD', 'EUR', 'JPY', 'AUD'].map((currency) => ({ kind, currency })),
    )
    const asked = farms.flatMap((farm) => lines.map((line) => ({ farm, ...line })))
    const { rows } = await client.query<{ cut: boolean }>(
      `SELECT tapedeck.is_cut_by('farm-broken: ' || farm, kind, currency) AS cut
       FROM ROWS FROM (jsonb_to_recordset($1) AS (farm text, kind text, currency text)) WITH ORDINALITY AS l(farm, kind, currency, place)
       ORDER BY place`,
      [JSON.stringify(asked)],
    )
    expect(rows.map(({ cut }) => cut)).toEqual(asked.map(({ farm, ...contract }) => servesLine(farm, { contract })))
    expect((await client.query(`SELECT tapedeck.is_cut_by('ib-1100', 'option', 'USD') AS cut`)).rows).toEqual([{ cut: true }])
  })
})
