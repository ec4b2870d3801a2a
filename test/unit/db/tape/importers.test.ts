import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type ImportProgress, importTape } from '../../../../db/tape/importers/import-tape.ts'
import { verifyTape } from '../../../../db/tape/inspect.ts'
import { readTapeMeta } from '../../../../db/tape/reader.ts'
import { contractKey } from '../../../../market/contract.ts'
import type { ContractRecord, Quote } from '../../../../market/tick.ts'
import { isoFromUs } from '../../../../market/time.ts'
import { allRecords, temporaryFolder } from './tape-support.ts'

const project = join(import.meta.dirname, '../../../..')
const fixtures = join(project, 'test/fixtures/option-quotes')
const shared = join(project, '../shared/data/option-quotes')
const hasShared = existsSync(shared)
const skipped = hasShared ? '' : ` (SKIPPED: ${shared} is absent)`
const out = await temporaryFolder()

const CHAIN_HEADER = 'date,ms_of_day,underlying,expiry,strike,right,bid,bid_size,ask,ask_size'
const CHAIN_ROW = '20140605,34200000,TWX,20140621,70,C,1.3,116,1.47,323'
const BAR_ROW = '34200000,702200,705100,702200,705100,400,708800,708800,705600,705600,100'

/** A row of a source as the tape is to have it: key of the contract, then time, bid, size, ask, size. */
type Row = [key: string, tsUs: number, bidPrice?: number, bidSize?: number, askPrice?: number, askSize?: number]

/** All fixtures are of summer days: New York is 4 hours behind UTC, and the quote is the one at the minute's close. */
function closeUs(date: string, ms: string): number {
  const midnightUs = Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6))) * 1000
  return midnightUs + (4 * 3600 + 60) * 1_000_000 + Number(ms) * 1000
}

function textOf(path: string): string {
  const bytes = readFileSync(path)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

function linesOf(path: string): string[][] {
  return textOf(path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(','))
}

function side(price: string | undefined, size: string | undefined, scale: number): [number | undefined, number | undefined] {
  return price ? [Number(price) / scale, Number(size)] : [undefined, undefined]
}

function dashed(date = ''): string {
  return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`
}

function chainRows(path: string, date?: string): Row[] {
  return linesOf(path)
    .slice(1)
    .filter(([day]) => date === undefined || day === date)
    .map(([day = '', ms = '', symbol, expiry, strike, right, bid, bidSize, ask, askSize]) => [
      `option:${symbol}:USD:${symbol}:${dashed(expiry)}:${right}:${strike}:100`,
      closeUs(day, ms),
      ...side(bid, bidSize, 1),
      ...side(ask, askSize, 1),
    ]) as Row[]
}

function barRows(path: string, symbol: string, date: string): Row[] {
  return linesOf(path).map((bar) => [
    `stock:${symbol}:USD`,
    closeUs(date, bar[0] ?? ''),
    ...side(bar[4], bar[5], 10_000),
    ...side(bar[9], bar[10], 10_000),
  ]) as Row[]
}

/** Quotes of a tape in its order, with their contracts; checks on the way that contracts come first and numbers rise. */
async function tapeOf(path: string): Promise<{ contracts: ContractRecord[]; rows: Row[] }> {
  const records = await allRecords(path)
  const contracts = records.filter((record) => record.kind === 'contract')
  expect(records.slice(contracts.length).every(({ kind }) => kind === 'quote')).toBe(true)
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, i) => i + 1))
  expect((await verifyTape(path)).problems).toEqual([])
  const keys = new Map(contracts.map(({ instrument, contract }) => [instrument, contractKey(contract)]))
  const quotes = records.slice(contracts.length) as Quote[]
  const rows = quotes.map(({ instrument, tsUs, bidPrice, bidSize, askPrice, askSize }): Row => {
    return [keys.get(instrument) ?? '', tsUs, bidPrice, bidSize, askPrice, askSize] as Row
  })
  return { contracts, rows }
}

/** The rows of all sources by time; at equal times in the order of the sources, each in its own order. */
function merged(...sources: Row[][]): Row[] {
  return sources.flat().toSorted((a, b) => a[1] - b[1])
}

/** Writes files into a fresh folder and imports all of them. */
async function importTexts(files: Record<string, string | Buffer>, options: { date?: string } = {}) {
  const folder = join(out, 'texts')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  const tape = join(folder, 'out.tape')
  const summary = await importTape({ sources: Object.keys(files).map((name) => join(folder, name)), out: tape, ...options })
  return { tape, summary }
}

/** The error of an import, which must have left nothing behind. */
async function refusalOf(
  files: Record<string, string | Buffer>,
  options: { date?: string } = {},
): Promise<{ code: string; message: string }> {
  const error = await importTexts(files, options).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(await readdir(join(out, 'texts'))).toEqual(Object.keys(files).toSorted())
  expect(error).toBeInstanceOf(Error)
  const { code = '', message } = error as Error & { code?: string }
  return { code, message: message.replaceAll(join(out, 'texts/'), '') }
}

const twx = {
  chain: join(fixtures, 'twx_20140605_06_quotes_1min.csv'),
  bars5: join(fixtures, 'twx_20140605_quote_1min.csv'),
  bars6: join(fixtures, 'twx_20140606_quote_1min.csv'),
}
const foxa = { chain: join(fixtures, 'foxa_20130702_quotes_1min.csv.gz'), bars: join(fixtures, 'foxa_20130702_quote_1min.csv') }

describe('an imported tape', () => {
  it('has every row of its sources, one by one, merged by time', async () => {
    const tape = join(out, 'twx.tape')
    const summary = await importTape({ sources: [twx.chain, twx.bars5, twx.bars6], out: tape })

    const { contracts, rows } = await tapeOf(tape)
    expect(rows).toEqual(merged(barRows(twx.bars5, 'TWX', '20140605'), barRows(twx.bars6, 'TWX', '20140606'), chainRows(twx.chain)))
    expect(contracts).toHaveLength(6)
    const counts = { instruments: 6, rows: rows.length, quotes: rows.length, trades: 0, suspicious: 0, skippedRows: 0 }
    expect(summary).toEqual({ ...counts, firstTsUs: rows[0]?.[1], lastTsUs: rows.at(-1)?.[1] })
    expect([summary.firstTsUs, summary.lastTsUs].map(isoFromUs)).toEqual(['2014-06-05T08:01:00.000000Z', '2014-06-07T00:01:00.000000Z'])
  })

  it('introduces stocks first, then options by expiry, strike and right, with the last day they trade', async () => {
    const tape = join(out, 'contracts.tape')
    await importTape({ sources: [twx.chain, twx.bars5], out: tape })
    const option = { kind: 'option', symbol: 'TWX', currency: 'USD', tradingClass: 'TWX', multiplier: 100 }
    expect((await tapeOf(tape)).contracts.map(({ instrument, contract }) => [instrument, contract])).toEqual([
      [1, { kind: 'stock', symbol: 'TWX', currency: 'USD' }],
      [2, { ...option, expiry: '2014-06-21', strike: 47.5, right: 'P', lastTradeDate: '2014-06-20' }],
      [3, { ...option, expiry: '2014-06-21', strike: 55, right: 'P', lastTradeDate: '2014-06-20' }],
      [4, { ...option, expiry: '2014-06-21', strike: 70, right: 'C', lastTradeDate: '2014-06-20' }],
      [5, { ...option, expiry: '2015-01-17', strike: 70, right: 'P', lastTradeDate: '2015-01-16' }],
      [6, { ...option, expiry: '2016-01-15', strike: 100, right: 'C' }],
    ])
  })

  it('has only the rows of the date asked for', async () => {
    const tape = join(out, 'date.tape')
    const summary = await importTape({ sources: [twx.chain, twx.bars5, twx.bars6], out: tape, date: '2014-06-05' })

    const { rows } = await tapeOf(tape)
    expect(rows).toEqual(merged(barRows(twx.bars5, 'TWX', '20140605'), chainRows(twx.chain, '20140605')))
    expect(summary).toMatchObject({
      quotes: rows.length,
      skippedRows: chainRows(twx.chain, '20140606').length + barRows(twx.bars6, 'TWX', '').length,
    })
  })

  it('is made of another underlying and another day without code of its own', async () => {
    const tape = join(out, 'foxa.tape')
    await importTape({ sources: [foxa.chain, foxa.bars], out: tape })
    const { rows } = await tapeOf(tape)
    expect(rows).toEqual(merged(barRows(foxa.bars, 'FOXA', '20130702'), chainRows(foxa.chain)))
    expect(rows[0]).toEqual(['stock:FOXA:USD', closeUs('20130702', '14400000'), 28.75, 600, undefined, undefined])
  })

  it('has the same bytes whenever it is made, whatever the order of its sources', async () => {
    const sources = [twx.chain, twx.bars5, twx.bars6]
    await importTape({ sources, out: join(out, 'first.tape') })
    await importTape({ sources: sources.toReversed(), out: join(out, 'second.tape') })
    expect(await readFile(join(out, 'second.tape'))).toEqual(await readFile(join(out, 'first.tape')))
  })

  it('says of itself what it is and whose data it holds', async () => {
    const tape = join(out, 'meta.tape')
    await importTape({ sources: [twx.chain], out: tape, date: '2014-06-06', attribution: 'of somebody' })
    expect(await readTapeMeta(tape)).toEqual({
      source: 'import',
      endMark: true,
      description: 'Minute-close quotes of 2014-06-06: 38 rows of 5 instruments from twx_20140605_06_quotes_1min.csv',
      attribution: 'of somebody',
    })
  })

  it('keeps rows that repeat the one before, also exact duplicates', async () => {
    const { tape } = await importTexts({ 'a.csv': `${CHAIN_HEADER}\n${CHAIN_ROW}\n${CHAIN_ROW}\n` })
    expect((await tapeOf(tape)).rows).toHaveLength(2)
  })

  it('takes CRLF, a byte order mark and a last line without its end', async () => {
    const { tape } = await importTexts({ 'a.csv': `\uFEFF${CHAIN_HEADER}\r\n${CHAIN_ROW}\r\n${CHAIN_ROW}` })
    const row: Row = ['option:TWX:USD:TWX:2014-06-21:C:70:100', closeUs('20140605', '34200000'), 1.3, 116, 1.47, 323]
    expect((await tapeOf(tape)).rows).toEqual([row, row])
  })

  it('takes gzipped bars and a symbol with a dot', async () => {
    const { tape } = await importTexts({ 'brk.b_20140605_quote_1min.csv.gz': gzipSync(BAR_ROW) })
    expect((await tapeOf(tape)).rows).toEqual([['stock:BRK.B:USD', closeUs('20140605', '34200000'), 70.51, 400, 70.56, 100]])
  })

  it('keeps the time of day over the change of clocks', async () => {
    const days = ['20140307', '20140310'].map((day) => CHAIN_ROW.replace('20140605', day))
    const { tape } = await importTexts({ 'a.csv': [CHAIN_HEADER, ...days].join('\n') })
    expect((await tapeOf(tape)).rows.map(([, tsUs]) => isoFromUs(tsUs))).toEqual([
      '2014-03-07T14:31:00.000000Z',
      '2014-03-10T13:31:00.000000Z',
    ])
  })

  it('reports its progress, up to the end of both passes', async () => {
    const calls: ImportProgress[] = []
    await importTape({ sources: [foxa.chain, foxa.bars], out: join(out, 'progress.tape'), onProgress: (progress) => calls.push(progress) })
    const totalBytes = 2 * (readFileSync(foxa.chain).length + readFileSync(foxa.bars).length)
    expect(calls.at(-1)).toEqual({ bytes: totalBytes, totalBytes })
    expect(calls.map(({ bytes }) => bytes)).toEqual(calls.map(({ bytes }) => bytes).toSorted((a, b) => a - b))
  })
})

describe('an import refuses', () => {
  const rowOf = (changes: Record<number, string>) => {
    const fields = CHAIN_ROW.split(',')
    for (const [column, text] of Object.entries(changes)) fields[Number(column)] = text
    return fields.join(',')
  }
  const barOf = (changes: Record<number, string>) => {
    const fields = BAR_ROW.split(',')
    for (const [column, text] of Object.entries(changes)) fields[Number(column)] = text
    return fields.join(',')
  }

  it.each([
    ['too few columns', '20140605,34200000,TWX', 'expected 10 columns (date,ms_of_day,'],
    ['too many columns', `${CHAIN_ROW},1`, 'expected 10 columns'],
    ['an empty line', '', 'expected 10 columns'],
    ['a bid that is no number', rowOf({ 6: 'n/a' }), 'expected a number as bid, found "n/a"'],
    ['an ask with a blank', rowOf({ 8: ' 1.47' }), 'expected a number as ask, found " 1.47"'],
    ['a hexadecimal size', rowOf({ 7: '0x10' }), 'expected a number as bid_size, found "0x10"'],
    ['a size that is no number', rowOf({ 9: 'NaN' }), 'expected a number as ask_size, found "NaN"'],
    ['a size without its price', rowOf({ 6: '' }), 'expected no bid_size or 0, as the side has no price, found "116"'],
    ['a strike that is no number', rowOf({ 4: '' }), 'expected a number as strike, found ""'],
    ['a strike of 0', rowOf({ 4: '0' }), 'expected a strike above 0, found "0"'],
    ['an unknown right', rowOf({ 5: 'c' }), 'expected C or P as right, found "c"'],
    ['no underlying', rowOf({ 2: '' }), 'expected the symbol of the underlying, found ""'],
    ['an expiry in another form', rowOf({ 3: '2014-06-21' }), 'expected YYYYMMDD as expiry, found "2014-06-21"'],
    ['an expiry that does not exist', rowOf({ 3: '20140631' }), 'found "2014-06-31"'],
    ['an expiry before all calendars', rowOf({ 3: '19700117' }), 'the NYSE calendar begins with 1998, found 1970-01-17'],
    ['a date that does not exist', rowOf({ 0: '20140632' }), 'found "2014-06-32"'],
    ['a time in seconds', rowOf({ 1: '34201' }), 'expected the start of a minute in milliseconds of the day'],
    ['a time beyond the day', rowOf({ 1: '86400000' }), 'expected the start of a minute in milliseconds of the day'],
    ['an earlier time', rowOf({ 1: '34140000' }), 'expected rows in order of time'],
    ['an earlier date', rowOf({ 0: '20140604' }), 'expected rows in order of time'],
  ])('a chain with %s, and names file and line', async (_, row, message) => {
    const refusal = await refusalOf({ 'a.csv': `${CHAIN_HEADER}\n${CHAIN_ROW}\n${row}\n${CHAIN_ROW}\n` })
    expect(refusal).toEqual({ code: 'import-bad-row', message: expect.stringContaining(`a.csv:3: `) })
    expect(refusal.message).toContain(message)
    expect(refusal.message).toContain('Correct the row or leave the file out; no tape was written.')
  })

  it.each([
    ['too few columns', BAR_ROW.slice(0, -4), 'expected 11 columns (ms,bidOpen,'],
    ['a price that is no number', barOf({ 2: 'x' }), 'expected a number as bidHigh, found "x"'],
    ['a size without its price', barOf({ 9: '' }), 'expected no askSize or 0, as the side has no price, found "100"'],
    ['no time', barOf({ 0: '' }), 'expected the start of a minute'],
    ['an earlier time', barOf({ 0: '34140000' }), 'expected rows in order of time'],
  ])('bars with %s, and names file and line', async (_, row, message) => {
    const refusal = await refusalOf({ 'twx_20140605_quote_1min.csv': `${BAR_ROW}\n${row}\n` })
    expect(refusal).toEqual({ code: 'import-bad-row', message: expect.stringContaining('twx_20140605_quote_1min.csv:2: ') })
    expect(refusal.message).toContain(message)
  })

  it('a bad row of a date that was not asked for', async () => {
    const files = { 'a.csv': `${CHAIN_HEADER}\n${CHAIN_ROW}\n${rowOf({ 0: '20140606', 6: 'x' })}\n` }
    expect(await refusalOf(files, { date: '2014-06-05' })).toMatchObject({ code: 'import-bad-row' })
  })

  it('a bad row behind hundreds of thousands of good ones, without a trace', async () => {
    const text = `${CHAIN_HEADER}\n${`${CHAIN_ROW}\n`.repeat(200_000)}x\n`
    expect(await refusalOf({ 'a.csv.gz': gzipSync(text) })).toEqual({
      code: 'import-bad-row',
      message: expect.stringContaining('a.csv.gz:200002: expected 10 columns'),
    })
  })

  it('another header', async () => {
    const { code, message } = await refusalOf({ 'a.csv': `time,bid,ask\n${CHAIN_ROW}\n` })
    expect(code).toBe('import-bad-header')
    expect(message).toContain('a.csv:1: expected an option chain')
    expect(message).toContain(`"${CHAIN_HEADER}"`)
    expect(message).toContain('found "time,bid,ask"')
  })

  it('bars under a name with neither symbol nor date, and says which name does', async () => {
    expect(await refusalOf({ 'twx.csv': BAR_ROW })).toMatchObject({
      code: 'import-bad-header',
      message: expect.stringContaining('<symbol>_<yyyymmdd>_quote_1min.csv'),
    })
    expect(await refusalOf({ 'twx_quote_1min.csv': BAR_ROW })).toMatchObject({
      code: 'import-unknown-file',
      message: expect.stringContaining('<symbol>_<yyyymmdd>_quote_1min.csv'),
    })
    expect(await refusalOf({ 'twx_20140632_quote_1min.csv': BAR_ROW })).toMatchObject({
      message: expect.stringContaining('found "2014-06-32"'),
    })
  })

  it('minute bars of trades, and says why', async () => {
    const { code, message } = await refusalOf({ 'twx_20140605_trade_1min.csv': '34200000,706600,707100,705100,705600,25774\n' })
    expect(code).toBe('import-trade-bars')
    expect(message).toContain(
      'holds minute bars of trades, which are not ticks: a bar sums up many trades without their times, prices and sizes',
    )
  })

  it('a file of another kind', async () => {
    expect(await refusalOf({ 'a.parquet': 'PAR1' })).toEqual({
      code: 'import-unknown-file',
      message: expect.stringContaining('a.parquet cannot be imported: expected an option chain'),
    })
  })

  it('a file that is absent, no gzip, or a gzip cut short', async () => {
    const refusal = expect.objectContaining({ code: 'import-unreadable', message: expect.stringContaining('cannot be read (ENOENT)') })
    await expect(importTape({ sources: [join(out, 'absent.csv')], out: join(out, 'x.tape') })).rejects.toThrow(refusal)
    expect(await refusalOf({ 'a.csv.gz': CHAIN_HEADER })).toMatchObject({
      code: 'import-unreadable',
      message: expect.stringContaining('a.csv.gz cannot be read'),
    })
    const gzip = gzipSync(`${CHAIN_HEADER}\n${CHAIN_ROW}\n`)
    expect(await refusalOf({ 'a.csv.gz': gzip.subarray(0, -4) })).toMatchObject({ code: 'import-unreadable' })
  })

  it('a file without line ends before it fills the memory', async () => {
    expect(await refusalOf({ 'a.csv': 'x'.repeat(200_000) })).toEqual({
      code: 'import-unreadable',
      message: expect.stringContaining('a.csv:1: expected a line of text, found more than 65536 characters'),
    })
  })

  it('a date without rows, and lists the dates there are', async () => {
    const files = { 'a.csv': `${CHAIN_HEADER}\n${CHAIN_ROW}\n` }
    expect(await refusalOf(files, { date: '2014-06-06' })).toEqual({
      code: 'import-empty',
      message: expect.stringMatching(/a\.csv: expected rows of 2014-06-06, found only 2014-06-05\. Name other files or another date\.$/),
    })
    expect(await refusalOf(files, { date: '2014-06-31' })).toEqual({
      code: 'import-date',
      message: expect.stringContaining('found "2014-06-31"'),
    })
    expect(await refusalOf({ 'a.csv': `${CHAIN_HEADER}\n` })).toMatchObject({
      code: 'import-empty',
      message: expect.stringMatching(/a\.csv: expected rows, found none\./),
    })
  })

  it('a place that cannot be written', async () => {
    const refusal = expect.objectContaining({ name: 'WriteError', code: 'tape-unwritable' })
    await expect(importTape({ sources: [twx.chain], out: join(out, 'absent', 'a.tape') })).rejects.toThrow(refusal)
  })
})

describe.skipIf(!hasShared)(`the shared data${skipped}`, () => {
  it('of TWX comes onto the tape row by row', async () => {
    const chain = join(shared, 'twx_20140605_06_quotes_1min.csv.gz')
    const bars = ['20140605', '20140606'].map((day) => join(shared, `underlying/twx_${day}_quote_1min.csv`)) as [string, string]
    const tape = join(out, 'shared-twx.tape')
    const summary = await importTape({ sources: [chain, ...bars], out: tape })

    const { contracts, rows } = await tapeOf(tape)
    const expected = merged(barRows(bars[0], 'TWX', '20140605'), barRows(bars[1], 'TWX', '20140606'), chainRows(chain))
    expect(expected.filter(([key]) => key.startsWith('option:'))).toHaveLength(56_995)
    expect(rows).toEqual(expected)
    expect([contracts.length, summary.quotes, summary.skippedRows]).toEqual([185, expected.length, 0])
  })

  it('of FOXA comes onto the tape row by row', async () => {
    const chain = join(shared, 'foxa_20130702_quotes_1min.csv.gz')
    const bars = join(shared, 'underlying/foxa_20130702_quote_1min.csv')
    const tape = join(out, 'shared-foxa.tape')
    await importTape({ sources: [chain, bars], out: tape })

    const { contracts, rows } = await tapeOf(tape)
    const expected = merged(barRows(bars, 'FOXA', '20130702'), chainRows(chain))
    expect(expected.filter(([key]) => key.startsWith('option:'))).toHaveLength(16_335)
    expect(rows).toEqual(expected)
    expect(contracts).toHaveLength(187)
  })

  it('of trades is refused', async () => {
    const sources = [join(shared, 'underlying/twx_20140605_trade_1min.csv')]
    await expect(importTape({ sources, out: join(out, 'x.tape') })).rejects.toThrow('minute bars of trades')
  })
})
