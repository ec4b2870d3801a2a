/** What the database says of the quality of a day that was written by hand: every figure was worked out on paper. */

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { measureQuality } from '../../collector/quality/measure.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { Mark } from '../../market/marks.ts'
import type { TapeRecord, Tick } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { at, LineSession } from '../support/tape/line-session.ts'
import { block, CONTRACTS } from '../support/tape/ticks.ts'
import { finding, verdictOf } from '../support/tape/verdicts.ts'

const [STOCK, OPTION, LONELY] = [0, 1, 2] as const
const DAY = { fromUs: at('00:00:00'), toUs: at('2014-06-07T00:00:00') }
const minutes = (us: number | undefined) => (us ?? Number.NaN) / 60_000_000

type Unstamped = Tick extends infer T ? (T extends Tick ? Omit<T, 'seq' | 'tsUs'> : never) : never

/** A day with a gap in the option's line, quotes on the minute, a flag and a quarantine. */
function records(): TapeRecord[] {
  const session = new LineSession(at('13:00:00')).opened(STOCK, '13:00:00').opened(OPTION, '13:00:00')
  session.closed(OPTION, '15:00:00', 'silent').opened(OPTION, '15:39:00')
  const tick = (time: string, fields: Unstamped) => {
    session.records.push({ ...fields, seq: session.records.length + 1, tsUs: at(time) })
  }
  const quote = (instrument: number, time: string, [bidPrice, askPrice]: (number | undefined)[], more: Partial<Tick> = {}) =>
    tick(time, { kind: 'quote', instrument, bidPrice, askPrice, ...more } as Unstamped)
  // The stock: 60 minutes of 0.02, 150 of 0.04, 120 without a bid, 60 locked.
  quote(STOCK, '13:00:10', [10, 10.02], { marks: Mark.initial })
  quote(STOCK, '14:30:10', [10, 10.04])
  quote(STOCK, '17:00:10', [undefined, 10.04], { marks: Mark.late | Mark.merged })
  quote(STOCK, '19:00:10', [10, 10])
  // A second stream of the same book, and what comes after the close, count for no time.
  quote(STOCK, '15:00:10', [9, 11], { source: 'tick-by-tick' })
  quote(STOCK, '20:10:00', [9, 11])
  tick('15:00:20', { kind: 'trade', instrument: STOCK, price: 10, size: 1, source: 'last' })
  tick('15:00:30', { kind: 'statistic', instrument: STOCK, name: 'day-volume', value: 1, delayed: true })
  // The option: quoted up to its gap, and again 11 minutes behind it.
  quote(OPTION, '13:30:00', [1, 1.1], { marks: Mark.initial })
  quote(OPTION, '15:50:00', [1, 1.3])
  const wide = { ...finding('flag', 'wide-spread', 'spread 26.1 % of mid is above 25 %'), severity: 'info' } as const
  const odd = { ...finding('flag', 'odd', 'less than the stock allows'), evidence: [STOCK] }
  quote(OPTION, '16:00:30', [1, 1.3], { verdict: verdictOf(wide, odd) })
  quote(OPTION, '16:00:40', [1, 1.3], { verdict: verdictOf(wide) })
  quote(OPTION, '16:00:50', [1, 1.3], { verdict: verdictOf(odd, { ...odd, rule: 'delayed-data', severity: 'error' }) })
  quote(OPTION, '16:05:00', [2, 1.3], { verdict: verdictOf(wide, finding('quarantine', 'crossed-quote', 'bid 2 is above ask 1.3')) })
  tick('13:30:59', { kind: 'greeks', instrument: OPTION, basis: 'model', impliedVolatility: 0.2 })
  tick('15:51:00', { kind: 'greeks', instrument: OPTION, basis: 'model', delta: 0.5 })
  // Ticks of a contract that had no line.
  quote(LONELY, '15:00:00', [1, 2])
  session.closed(STOCK, '20:30:00', 'stopped').closed(OPTION, '20:30:00', 'stopped')
  return session.ended('20:30:00', 'stopped').records
}

forEachEdition('the quality of', ({ createTapeDatabase }) => {
  let client: pg.Client
  beforeAll(async () => {
    const url = await createTapeDatabase()
    client = await connectClient(url)
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    await createTickStore({ pool }).store({ sessionId: 1, batchNo: 1, blocks: [block(records())] }, (i) => CONTRACTS[i])
    await pool.end()
  })
  afterAll(() => client.end())

  const contract = async (kind: string, symbol = 'TWX') =>
    (await measureQuality(client, DAY)).contracts.find((day) => day.kind === kind && day.symbol === symbol) ?? expect.unreachable()

  describe('a recorded day', () => {
    it('is what was wanted against what is covered, contract by contract', async () => {
      const report = await measureQuality(client, DAY)
      expect(report.days).toEqual([
        { date: '2014-06-04', state: 'closed' },
        { date: '2014-06-05', state: 'recorded' },
        { date: '2014-06-06', state: 'nothing-recorded' },
      ])
      expect(
        report.contracts.map(({ key, expectedUs, coveredUs, longestGapUs }) => [
          key,
          minutes(expectedUs),
          minutes(coveredUs),
          minutes(longestGapUs),
        ]),
      ).toEqual([
        ['option:FOXA:USD:FOXA:2014-06-21:P:35:100', Number.NaN, 0, 0],
        ['option:TWX:USD:TWX:2014-06-21:C:67.5:100', 390, 351, 39],
        ['stock:TWX:USD', 390, 390, 0],
      ])
      expect(report.contracts[1]?.causes).toEqual([{ cause: 'silent', us: 39 * 60_000_000 }])
      expect(report.symbols.map(({ symbol, kind, contracts }) => [symbol, kind, contracts])).toEqual([
        ['FOXA', 'option', 1],
        ['TWX', 'stock', 1],
        ['TWX', 'option', 1],
      ])
    })

    it('has quotes that stand until the next one, the close, or the end of their line', async () => {
      const { standing } = await contract('stock')
      expect([standing.quotedUs, standing.twoSidedUs, standing.lockedUs, standing.crossedUs].map(minutes)).toEqual([
        390,
        270,
        expect.closeTo(60 - 1 / 6),
        0,
      ])
      const [hour, later, locked] = [60 + 1 / 6, 150, 60 - 1 / 6]
      expect(standing.spread).toEqual({
        mean: expect.closeTo((hour * 0.02 + later * 0.04) / 270),
        p05: 0,
        median: 0.04,
        p95: 0.04,
        relative: expect.closeTo((hour * (0.02 / 10.01) + later * (0.04 / 10.02)) / (hour + later + locked)),
      })
      const option = (await contract('option')).standing
      // From 13:30 to 15:00, and from 15:50 to 20:00.
      expect([option.quotedUs, option.twoSidedUs].map(minutes)).toEqual([340, 340])
      expect(option.spread).toMatchObject({ p05: 0.1, median: 0.3, p95: 0.3 })
    })

    it('has ticks by kind and by mark, each verdict once, and the minutes with an implied volatility', async () => {
      const stock = await contract('stock')
      expect(stock.ticks).toEqual({
        quotes: 6,
        trades: 1,
        greeks: 0,
        statistics: 1,
        initial: 1,
        late: 1,
        merged: 1,
        delayed: 1,
        onMinute: 1,
      })
      expect(stock.computed).toBeUndefined()
      const option = await contract('option')
      expect(option.ticks).toMatchObject({ quotes: 5, greeks: 2, initial: 1, onMinute: 2 })
      expect(option.judged).toEqual({ quarantined: 1, errors: 1, warnings: 1 })
      expect(option.computed).toEqual({ quotedMinutes: 3, minutes: 1 })
    })

    it('is graded, and good for what it can serve', async () => {
      const { grade, fitness } = await contract('option')
      expect(grade).toEqual({
        score: expect.closeTo(100 - 10 - 50 - 100 / 7),
        letter: 'F',
        deductions: [
          { fault: 'missing', share: expect.closeTo(0.1), points: expect.closeTo(10) },
          { fault: 'wrong', share: 2 / 8, points: 50 },
          { fault: 'doubted', share: 1 / 7, points: expect.closeTo(100 / 7) },
        ],
      })
      expect(fitness).toEqual({ fitFor: 'not', because: ['data for 90 % of the time, below 95 %', '25 % of the ticks wrong, above 1 %'] })
      expect((await contract('option', 'FOXA')).fitness.because).toEqual(['what was wanted is not known: there are ticks and no line'])
    })

    it('lists what each rule said, with the first tick as an example', async () => {
      const { findings } = await measureQuality(client, DAY)
      expect(
        findings
          .map(({ rule, severity, disposition, symbol, ticks }) => [rule, severity, disposition, symbol, ticks].join(' '))
          .toSorted((a, b) => (a < b ? -1 : 1)),
      ).toEqual([
        'crossed-quote error quarantine TWX 1',
        'delayed-data error flag TWX 1',
        'odd warning flag TWX 2',
        'wide-spread info flag TWX 3',
      ])
      expect(findings.find(({ rule }) => rule === 'crossed-quote')?.example).toEqual({
        tsUs: at('16:05:00'),
        contract: 'option:TWX:USD:TWX:2014-06-21:C:67.5:100',
        reason: 'bid 2 is above ask 1.3',
        evidence: [],
      })
      expect(findings.find(({ rule }) => rule === 'odd')?.example).toMatchObject({ tsUs: at('16:00:30'), evidence: ['stock:TWX:USD'] })
    })

    it('says what cannot be known', async () => {
      const { unknown } = await measureQuality(client, DAY)
      expect(unknown).toEqual([
        expect.stringMatching(/^Nothing was recorded on 1 trading day \(2014-06-06\)/),
        expect.stringMatching(/^1 contract-day has ticks and no line, such as option:FOXA:/),
        'Whether sizes of US stocks are shares or lots was not noted in 1 session (1): volumes and sizes of quotes may be in either.',
      ])
    })
  })

  it('knows the unit of sizes where sessions noted it, and where the data speaks against it', async () => {
    const note = (doubted: boolean) =>
      client.query(
        `INSERT INTO control_records (session_id, seq, ts, kind, record) VALUES (1, 999, '2014-06-05 14:00Z', 'session', $1)
       ON CONFLICT (session_id, seq) DO UPDATE SET record = excluded.record`,
        [JSON.stringify({ event: 'sizes', sizes: { groups: { quotes: { unit: 'shares', how: 'stated', doubted } } } })],
      )
    const saying = async () => (await measureQuality(client, DAY)).unknown.filter((sentence) => sentence.includes('sizes'))
    await note(false)
    expect(await saying()).toEqual([])
    await note(true)
    expect(await saying()).toEqual(['The data speaks against the stated unit of the sizes of US stocks in 1 session (1).'])
  })

  it('lists what the rules for bars found in its time, the worst first', async () => {
    await client.query(`INSERT INTO bar_findings (calendar, bar_seconds, rule, severity, disposition, instrument_id, from_date, to_date, bars, reason, evidence)
      SELECT 'XNYS', 86400, rule, severity, 'flag', CASE WHEN rule = 'few-symbols' THEN NULL ELSE (SELECT instrument_id FROM instruments WHERE key = 'stock:TWX:USD') END,
        day::date, day::date, 1, 'for a test', '{"ratio": 2}'
      FROM (VALUES ('zero-volume', 'info', '2014-06-05'), ('ohlc-order', 'error', '2014-06-06'), ('few-symbols', 'warning', '2014-06-04'),
        ('too-early', 'error', '2014-06-03')) AS f (rule, severity, day)`)
    const listed = async (symbols?: string[]) =>
      (await measureQuality(client, { ...DAY, symbols })).barFindings.map(({ rule, symbol, fromDate }) => [rule, symbol, fromDate])
    expect(await listed()).toEqual([
      ['ohlc-order', 'TWX', '2014-06-06'],
      ['few-symbols', undefined, '2014-06-04'],
      ['zero-volume', 'TWX', '2014-06-05'],
    ])
    expect(await listed(['FOXA'])).toEqual([['few-symbols', undefined, '2014-06-04']])
    expect((await measureQuality(client, DAY)).barFindings[0]).toMatchObject({ barSeconds: 86_400, evidence: { ratio: 2 } })
  })

  it('has a view for scripts of older systems', async () => {
    const { rows } = await client.query<{ metric: string; label: string | null; symbol: string | null; value: number }>(
      "SELECT metric, label, symbol, value FROM data_quality_metrics WHERE day = '2014-06-05' AND session_id = 1",
    )
    const lines = rows.map(({ metric, label, symbol, value }) => `${metric} ${label} ${symbol} ${value}`)
    expect(lines.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'accepted_ticks null null 16',
      'flag_error delayed-data TWX 1',
      'flag_info wide-spread TWX 3',
      'flag_warning odd TWX 2',
      'gap_seconds silent TWX 2340',
      'quarantine_error crossed-quote TWX 1',
      'quarantined_ticks null null 1',
      'refused_ticks null null 0',
    ])
  })

  it('a part of a day is that part, and of a symbol its contracts', async () => {
    const part = await measureQuality(client, { fromUs: at('14:00:00'), toUs: at('15:30:00'), symbols: ['TWX'] })
    expect(part.contracts.map(({ kind, expectedUs, coveredUs }) => [kind, minutes(expectedUs), minutes(coveredUs)])).toEqual([
      ['option', 90, 60],
      ['stock', 90, 90],
    ])
    expect(part.findings).toEqual([])
  })

  it('a time outside of trading hours has nothing that was wanted, where a line stood', async () => {
    const evening = await measureQuality(client, { fromUs: at('20:00:00'), toUs: at('2014-06-06T00:00:00') })
    expect(evening.contracts.map(({ key, expectedUs, grade, fitness }) => [key, expectedUs, grade, ...fitness.because])).toEqual([
      ['stock:TWX:USD', 0, undefined, 'not wanted in trading hours'],
    ])
    expect(evening.unknown.filter((sentence) => sentence.includes('no line'))).toEqual([])
  })

  it('a week in which nothing was recorded is empty, and says so', async () => {
    const empty = await measureQuality(client, { fromUs: at('2015-03-02T00:00:00'), toUs: at('2015-03-04T00:00:00') })
    expect(empty).toMatchObject({ contracts: [], symbols: [], findings: [], gaps: [] })
    expect(empty.days.map(({ state }) => state)).toEqual(['closed', 'nothing-recorded', 'nothing-recorded'])
  })

  it('an empty database has no range', async () => {
    const nothing = await connectClient(await createTapeDatabase())
    expect(await measureQuality(nothing, {})).toMatchObject({ range: undefined, days: [], contracts: [] })
    await nothing.end()
  })
})
