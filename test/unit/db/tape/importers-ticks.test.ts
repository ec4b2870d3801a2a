import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { importTape } from '../../../../db/tape/importers/import-tape.ts'
import { readTapeMeta } from '../../../../db/tape/reader.ts'
import type { Quote, TapeRecord, Trade } from '../../../../market/tick.ts'
import { SHARED_DATA } from '../../../support/data.ts'
import { allRecords, temporaryFolder } from './tape-support.ts'
import { quarantined } from '../../../support/tape/verdicts.ts'

const fixtures = join(import.meta.dirname, '../../../fixtures/stock-ticks')
const shared = join(SHARED_DATA, 'stock-ticks')
const hasShared = existsSync(shared)
const skipped = hasShared ? '' : ` (SKIPPED: ${shared} is absent)`
const out = await temporaryFolder()

/** The day is one of summer time: New York is 4 hours behind UTC. */
const MIDNIGHT_US = Date.UTC(2013, 9, 7, 4) * 1000
const MINUTE_US = 60_000_000
const usOf = (ms: string | number) => MIDNIGHT_US + Number(ms) * 1000

function linesOf(path: string): string[][] {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(','))
}

async function ticksOf(tape: string) {
  const records = await allRecords(tape)
  const ofKind = <K extends TapeRecord['kind']>(kind: K) =>
    records.filter((record): record is Extract<TapeRecord, { kind: K }> => record.kind === kind)
  return { records, trades: ofKind('trade'), quotes: ofKind('quote') }
}

async function importTexts(files: Record<string, string | Buffer>) {
  const folder = join(out, 'texts')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  const tape = join(folder, 'out.tape')
  const summary = await importTape({ sources: Object.keys(files).map((name) => join(folder, name)), out: tape })
  return { summary, ...(await ticksOf(tape)) }
}

const QUOTES = 'ibm_20131007_quote_tick.csv'
const TRADES = 'ibm_20131007_trade_tick.csv'
const importQuotes = (...rows: string[]) => importTexts({ [QUOTES]: `${rows.join('\n')}\n` })

/** Milliseconds of the day, bid, its size, ask, its size. */
function shown({ tsUs, bidPrice, bidSize, askPrice, askSize }: Quote) {
  return [(tsUs - MIDNIGHT_US) / 1000, bidPrice, bidSize, askPrice, askSize]
}

/** A trade as its row in the file says it. */
function rowOf({ eventTsUs = 0, price, size, venue, conditions, verdict }: Trade): string[] {
  return [(eventTsUs - MIDNIGHT_US) / 1000, Math.round(price * 10_000), size, venue, conditions, verdict ? 1 : 0].map(String)
}

/** Minute bars of bid and ask, made of quotes alone: a minute opens with what stood before it. */
function minuteBars(quotes: Quote[]): Map<number, number[]> {
  const bars = new Map<number, { bid: number[]; ask: number[]; last: Quote }>()
  let before: Quote | undefined
  for (const quote of quotes.filter(({ verdict }) => !verdict)) {
    const ms = (Math.floor((quote.tsUs - MIDNIGHT_US) / MINUTE_US) * MINUTE_US) / 1000
    const bar = bars.get(ms) ?? { bid: priceOf(before?.bidPrice), ask: priceOf(before?.askPrice), last: quote }
    bars.set(ms, bar)
    bar.bid.push(...priceOf(quote.bidPrice))
    bar.ask.push(...priceOf(quote.askPrice))
    bar.last = quote
    before = quote
  }
  const figures = (prices: number[]) => [prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)] as number[]
  return new Map(
    [...bars].map(([ms, { bid, ask, last }]) => [ms, [...figures(bid), last.bidSize ?? 0, ...figures(ask), last.askSize ?? 0]]),
  )
}

const priceOf = (price: number | undefined) => (price === undefined ? [] : [Math.round(price * 10_000)])

function referenceBars(path: string): Map<number, number[]> {
  return new Map(linesOf(path).map((fields) => [Number(fields[0]), fields.slice(1).map(Number)]))
}

describe('imported trades', () => {
  it('equal the rows of their file, with exchange, flags and time of the venue', async () => {
    const path = join(fixtures, TRADES)
    const tape = join(out, 'trades.tape')
    const summary = await importTape({ sources: [path], out: tape })
    const { trades, records } = await ticksOf(tape)
    expect(trades.map(rowOf)).toEqual(linesOf(path))
    expect(trades.every(({ tsUs, eventTsUs }) => tsUs === eventTsUs)).toBe(true)
    expect(trades[0]).toEqual({
      kind: 'trade',
      seq: 2,
      instrument: 1,
      tsUs: usOf(14_430_270),
      eventTsUs: usOf(14_430_270),
      price: 181.52,
      size: 283,
      source: 'import',
      venue: 'P',
      conditions: '20002020',
    })
    expect(records[0]).toMatchObject({ kind: 'contract', contract: { kind: 'stock', symbol: 'IBM', currency: 'USD' } })
    expect(summary).toMatchObject({ instruments: 1, rows: 23, trades: 23, quotes: 0, suspicious: 0, skippedRows: 0 })
    expect(await readTapeMeta(tape)).toEqual({
      source: 'import',
      endMark: true,
      description: `Ticks: 23 trades and 0 quotes of 1 instrument from ${TRADES}`,
    })
  })

  it('stay on the tape when their source doubts them, in quarantine', async () => {
    const { trades, summary } = await importTexts({ [TRADES]: '14430270,1815200,283,P,,1\n' })
    expect(trades[0]).toMatchObject({
      price: 181.52,
      verdict: quarantined('suspicious', 'the source marks the row as suspicious'),
    })
    expect(trades[0]?.conditions).toBeUndefined()
    expect(summary).toMatchObject({ trades: 1, suspicious: 1 })
  })

  it('keep exact duplicates', async () => {
    expect((await importTexts({ [TRADES]: '1,1,1,P,1,0\n1,1,1,P,1,0\n' })).trades).toHaveLength(2)
  })
})

describe('imported quote ticks', () => {
  it('join the bid and the ask of one change', async () => {
    const { quotes, summary } = await importQuotes(
      '100,0,0,1836300,100,Q,1,0',
      '200,1800100,300,0,0,P,1,0',
      '200,0,0,1818000,3000,P,1,0',
      '300,1819000,200,0,0,P,1,0',
      '300,0,0,1819500,100,N,1,0',
    )
    expect(quotes.map(shown)).toEqual([
      [100, undefined, undefined, 183.63, 100],
      [200, 180.01, 300, 181.8, 3000],
      [300, 181.9, 200, 181.95, 100],
    ])
    expect(quotes.map(({ eventTsUs }) => eventTsUs)).toEqual(quotes.map(({ tsUs }) => tsUs))
    expect(summary).toMatchObject({ rows: 5, quotes: 3, trades: 0 })
  })

  it('keep every change within one millisecond, in the order of the file', async () => {
    const { quotes } = await importQuotes('5,10000,1,0,0,P,1,0', '5,0,0,20000,1,P,1,0', '5,11000,1,0,0,P,1,0', '5,0,0,20000,2,P,1,0')
    expect(quotes.map(shown)).toEqual([
      [5, 1, 1, 2, 1],
      [5, 1.1, 1, 2, 2],
    ])
  })

  it('take a side that comes alone, also as the last row, and a row with both', async () => {
    const { quotes } = await importQuotes('5,10000,1,0,0,P,1,0', '6,0,0,20000,1,P,1,0', '7,11000,3,20000,1,P,1,0', '8,12000,1,0,0,P,1,0')
    expect(quotes.map(shown)).toEqual([
      [5, 1, 1, undefined, undefined],
      [6, 1, 1, 2, 1],
      [7, 1.1, 3, 2, 1],
      [8, 1.2, 1, 2, 1],
    ])
  })

  it('leave out what only changes the exchange, and count its rows', async () => {
    const { quotes, summary } = await importQuotes(
      '5,10000,1,0,0,P,1,0',
      '5,0,0,20000,1,P,1,0',
      '6,10000,1,0,0,N,1,0',
      '6,0,0,20000,1,Q,1,0',
    )
    expect(quotes).toHaveLength(1)
    expect(summary).toMatchObject({ rows: 4, quotes: 1 })
  })

  it('are quarantined where their source doubts them, and what stood goes on standing', async () => {
    const { quotes, summary } = await importQuotes(
      '5,10000,1,0,0,P,1,0',
      '5,0,0,20000,1,P,1,0',
      '6,11000,1,0,0,P,1,0',
      '6,0,0,90000,1,P,1,1',
      '7,11000,2,0,0,P,1,0',
    )
    expect(quotes.map((quote) => [...shown(quote), quote.verdict?.disposition])).toEqual([
      [5, 1, 1, 2, 1, undefined],
      [6, 1.1, 1, 2, 1, undefined],
      [6, 1.1, 1, 9, 1, 'quarantine'],
      [7, 1.1, 2, 2, 1, undefined],
    ])
    expect(summary.suspicious).toBe(1)
  })

  it('of the shipped rows give the minute bars that another engine made of them', async () => {
    const tape = join(out, 'quotes.tape')
    await importTape({ sources: [join(fixtures, QUOTES)], out: tape })
    const { quotes } = await ticksOf(tape)
    const bars = minuteBars(quotes)
    const reference = referenceBars(join(fixtures, 'ibm_20131007_quote_1min_reference.csv'))
    expect(reference.size).toBe(5)
    for (const [ms, bar] of reference) expect([ms, bars.get(ms)]).toEqual([ms, bar])
    expect(quotes.filter(({ verdict }) => verdict).map(shown)).toEqual([[72_000_122, 181.98, 100, 186, 100]])
  })
})

describe('an import of ticks', () => {
  it('has trades before quotes of the same time, each in the order of its file, and the same bytes in whatever order the files are named', async () => {
    const sources = [join(fixtures, QUOTES), join(fixtures, TRADES)]
    const [first, second] = [join(out, 'first.tape'), join(out, 'second.tape')] as const
    await importTape({ sources, out: first })
    await importTape({ sources: sources.toReversed(), out: second })
    expect(await readFile(second)).toEqual(await readFile(first))

    const { records, trades, quotes } = await ticksOf(first)
    expect(records.slice(1).map(({ kind, tsUs }) => [kind, tsUs])).toEqual(
      [...trades, ...quotes].toSorted((a, b) => a.tsUs - b.tsUs).map(({ kind, tsUs }) => [kind, tsUs]),
    )
    const together = records.filter(({ tsUs }) => tsUs === usOf(14_430_270)).map(({ kind }) => kind)
    expect(together).toEqual(['trade', 'quote'])
    expect(trades.map(rowOf)).toEqual(linesOf(join(fixtures, TRADES)))
  })

  it('leaves out files of other dates and counts their rows', async () => {
    const [day, next] = [join(out, TRADES), join(out, QUOTES.replace('07', '08'))] as const
    await writeFile(day, '1,1,1,P,1,0\n')
    await writeFile(next, '5,10000,1,0,0,P,1,0\n5,0,0,20000,1,P,1,0\n')
    const summary = await importTape({ sources: [day, next], out: join(out, 'date.tape'), date: '2013-10-07' })
    expect(summary).toMatchObject({ instruments: 1, rows: 1, trades: 1, quotes: 0, skippedRows: 2 })
  })

  it('takes gzipped files and symbols in any case', async () => {
    const { records } = await importTexts({ 'BRK.b_20131007_Trade_Tick.csv.gz': gzipSync('1,1,1,P,1,0') })
    expect(records[0]).toMatchObject({ contract: { symbol: 'BRK.B' } })
  })

  const GOOD: Readonly<Record<string, string>> = {
    [TRADES]: '14430270,1815200,283,P,20002020,0',
    [QUOTES]: '14430270,1815200,283,0,0,P,1,0',
  }
  const badTrade = (message: string, row: string): [string, string, string] => [TRADES, row, message]
  const badQuote = (message: string, row: string): [string, string, string] => [QUOTES, row, message]
  it.each([
    badTrade('expected 6 columns (ms,price,size,exchange,conditions,suspicious)', '14430270,1815200,283'),
    badTrade('expected 6 columns', ''),
    badTrade('expected a number as price, found "x"', '14430270,x,283,P,1,0'),
    badTrade('expected a price above 0, found "0"', '14430270,0,283,P,1,0'),
    badTrade('expected a number as size, found ""', '14430270,1815200,,P,1,0'),
    badTrade('expected hexadecimal flags as conditions, found "@F"', '14430270,1815200,283,P,@F,0'),
    badTrade('expected 0 or 1 as suspicious, found "2"', '14430270,1815200,283,P,1,2'),
    badTrade('expected milliseconds of the day below 86400000, found "86400000"', '86400000,1815200,283,P,1,0'),
    badTrade('expected milliseconds of the day below 86400000, found "1.5"', '1.5,1815200,283,P,1,0'),
    badTrade('expected rows in order of time', '14430269,1815200,283,P,1,0'),
    badQuote('expected 8 columns (ms,bid,bidSize,ask,askSize,exchange,condition,suspicious)', '14430270,1815200,283,0,0,P,1'),
    badQuote('expected a number as bid, found ""', '14430270,,283,0,0,P,1,0'),
    badQuote('expected a price as ask, found "-1"', '14430270,0,0,-1,100,P,1,0'),
    badQuote('expected no askSize or 0, as the side has no price, found "100"', '14430270,1815200,100,0,100,P,1,0'),
    badQuote('expected a bid or an ask, found', '14430270,0,0,0,0,P,1,0'),
    badQuote('expected 0 or 1 as suspicious, found ""', '14430270,1815200,283,0,0,P,1,'),
    badQuote('expected rows in order of time', '14430269,1815200,283,0,0,P,1,0'),
  ])('refuses %s with "%s" behind a good row, names file and line, and leaves nothing behind', async (name, row, message) => {
    const error = await importTexts({ [name]: `${GOOD[name]}\n${row}\n${GOOD[name]}\n` }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'FeedError', code: 'import-bad-row' })
    expect(String(error)).toContain(`${name}:2: ${message}`)
    expect(await readdir(join(out, 'texts'))).toEqual([name])
  })

  it('refuses names without symbol or date, and says what they must be', async () => {
    await expect(importTexts({ 'ibm_trade_tick.csv': '' })).rejects.toThrow(/cannot be imported: .*_trade_tick\.csv/)
    await expect(importTexts({ 'ibm_20131032_quote_tick.csv': '1,1,1,0,0,P,1,0' })).rejects.toThrow('found "2013-10-32"')
  })
})

describe.skipIf(!hasShared)(`the shared data of a day of IBM and AIG${skipped}`, () => {
  it.each(['ibm', 'aig'])('has every trade of %s on the tape: order, price, size, exchange and flags', async (symbol) => {
    const path = join(shared, `${symbol}_20131007_trade_tick.csv.gz`)
    const tape = join(out, 'day-trades.tape')
    await importTape({ sources: [path], out: tape })
    const { trades } = await ticksOf(tape)
    expect(trades).toHaveLength({ ibm: 24_293, aig: 25_351 }[symbol] ?? 0)
    expect(trades.map((trade) => rowOf(trade).join(','))).toEqual(linesOf(path).map((fields) => fields.join(',')))
  })

  it('gives minute bars of IBM quotes that equal the other engine in all ten figures of all 554 minutes', async () => {
    const tape = join(out, 'day-quotes.tape')
    const summary = await importTape({ sources: [join(shared, 'ibm_20131007_quote_tick.csv.gz')], out: tape })
    const { quotes } = await ticksOf(tape)
    const reference = referenceBars(join(shared, 'ibm_20131007_quote_1min_reference.csv'))
    expect(reference.size).toBe(554)
    expect(minuteBars(quotes)).toEqual(reference)
    expect(summary).toMatchObject({ rows: 109_067, quotes: 46_493, suspicious: 1 })
  })

  it('has the volume of the other engine in all minutes of IBM but the four of open and close, whose prints that engine puts elsewhere', async () => {
    const path = join(shared, 'ibm_20131007_trade_tick.csv.gz')
    const tape = join(out, 'day-volume.tape')
    await importTape({ sources: [path], out: tape })
    const volumes = new Map<number, number>()
    for (const { tsUs, size = 0 } of (await ticksOf(tape)).trades) {
      const ms = (Math.floor((tsUs - MIDNIGHT_US) / MINUTE_US) * MINUTE_US) / 1000
      volumes.set(ms, (volumes.get(ms) ?? 0) + size)
    }
    const reference = referenceBars(join(shared, 'ibm_20131007_trade_1min_reference.csv'))
    expect([...volumes.keys()]).toEqual([...reference.keys()])
    const different = [...reference].filter(([ms, bar]) => bar[4] !== volumes.get(ms)).map(([ms]) => ms)
    expect(different).toEqual([34_200_000, 57_540_000, 57_600_000, 57_660_000])
  })
})
