/** Indices and their options out of files that name a ticker and nothing else. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { importTape } from '../../../../db/tape/importers/import-tape.ts'
import { readTapeMeta } from '../../../../db/tape/reader.ts'
import { isTick } from '../../../../market/tick.ts'
import { allRecords, temporaryFolder } from './tape-support.ts'

const out = await temporaryFolder()
/** 2014-06-05 00:00 in New York. */
const MIDNIGHT_US = Date.UTC(2014, 5, 5, 4) * 1000
const HEADER = 'date,ms_of_day,underlying,expiry,strike,right,bid,bid_size,ask,ask_size'
const optionRow = (root: string, expiry: string) => `20140605,34200000,${root},${expiry},1900,C,45.1,10,46.2,12`

async function importTexts(files: Record<string, string[]>) {
  const folder = join(out, 'texts')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  for (const [name, rows] of Object.entries(files)) await writeFile(join(folder, name), `${rows.join('\n')}\n`)
  const tape = join(folder, 'out.tape')
  const summary = await importTape({ sources: Object.keys(files).map((name) => join(folder, name)), out: tape })
  const records = await allRecords(tape)
  return {
    summary,
    description: (await readTapeMeta(tape))['description'],
    contracts: records.flatMap((record) => (record.kind === 'contract' ? [record.contract] : [])),
    ticks: records.filter(isTick),
  }
}

const optionsOf = async (...rows: string[]) => (await importTexts({ 'chain.csv': [HEADER, ...rows] })).contracts

describe('options on an index', () => {
  it('have the index for their underlying and their root for their trading class', async () => {
    const option = { kind: 'option', symbol: 'SPX', currency: 'USD', strike: 1900, right: 'C', multiplier: 100 }
    expect(await optionsOf(optionRow('SPXW', '20140613'), optionRow('SPX', '20140621'), optionRow('TWX', '20140621'))).toEqual([
      { ...option, tradingClass: 'SPXW', expiry: '2014-06-13' },
      // Settled at the opening of Friday: the last day of trading is Thursday.
      { ...option, tradingClass: 'SPX', expiry: '2014-06-21', lastTradeDate: '2014-06-19' },
      { ...option, symbol: 'TWX', tradingClass: 'TWX', expiry: '2014-06-21', lastTradeDate: '2014-06-20' },
    ])
  })

  it('of two classes with equal terms are two contracts, in whatever order they come', async () => {
    const rows = [optionRow('SPXW', '20150116'), optionRow('SPX', '20150116')]
    const contracts = await optionsOf(...rows)
    expect(contracts).toMatchObject([
      { tradingClass: 'SPX', lastTradeDate: '2015-01-15' },
      { tradingClass: 'SPXW', expiry: '2015-01-16' },
    ])
    expect(contracts[1]).not.toHaveProperty('lastTradeDate')
    expect(await optionsOf(...rows.toReversed())).toEqual(contracts)
  })

  it.each([
    [
      'on the day on which it is settled',
      [optionRow('SPX', '20140605')],
      'expected rows of SPX 2014-06-05 up to its last trade date 2014-06-04',
    ],
    ['twice in a minute', [optionRow('SPX', '20140621'), optionRow('SPX', '20140621')], 'expected one row for each contract and minute'],
  ])('whose rows have one root for all classes are refused: %s', async (_, rows, message) => {
    const refusal = expect.objectContaining({ code: 'import-bad-row', message: expect.stringContaining(message) })
    await expect(optionsOf(...rows)).rejects.toThrow(refusal)
    await expect(optionsOf(...rows)).rejects.toThrow(
      'is SPX given as underlying for options of another class? Each class needs its own root',
    )
  })

  it('have quotes on their expiry when they are settled at the close', async () => {
    expect(await optionsOf(optionRow('SPXW', '20140605'))).toMatchObject([{ tradingClass: 'SPXW', expiry: '2014-06-05' }])
  })
})

describe('values of an index', () => {
  it('are trades without a size, of an index', async () => {
    const { contracts, ticks, summary } = await importTexts({
      'spx_20140605_trade_tick.csv': ['34200000,19405000,0,CBOE,,0', '34201000,19412500,,CBOE,,0'],
    })
    expect(contracts).toEqual([{ kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }])
    expect(ticks.map(({ kind, tsUs, ...tick }) => ({ kind, ms: (tsUs - MIDNIGHT_US) / 1000, ...tick }))).toMatchObject([
      { kind: 'trade', ms: 34_200_000, price: 1940.5, size: undefined, source: 'import' },
      { kind: 'trade', ms: 34_201_000, price: 1941.25, size: undefined, source: 'import' },
    ])
    expect(summary).toMatchObject({ instruments: 1, trades: 2, quotes: 0 })
  })

  it('stand at the closes of minute bars, ahead of the options of the same minute', async () => {
    const { contracts, ticks, description } = await importTexts({
      'spx_20140605_trade_1min.csv': ['34200000,19400000,19420000,19390000,19412500,0'],
      'chain.csv': [HEADER, optionRow('SPXW', '20140613')],
    })
    expect(contracts.map(({ kind }) => kind)).toEqual(['index', 'option'])
    const closeUs = MIDNIGHT_US + 34_260_000_000
    expect(ticks).toMatchObject([
      { kind: 'trade', tsUs: closeUs, price: 1941.25, source: 'last' },
      { kind: 'quote', tsUs: closeUs, bidPrice: 45.1, askPrice: 46.2 },
    ])
    expect(description).toBe('Minute-close quotes: 2 rows of 2 instruments from spx_20140605_trade_1min.csv, chain.csv')
  })

  it.each([
    ['spx_20140605_trade_tick.csv', '34200000,19405000,100,CBOE,,0', 'expected no size or 0, as an index is not traded, found "100"'],
    ['spx_20140605_trade_1min.csv', '34200000,1,1,1,0,0', 'expected a value above 0, found "0"'],
    ['spx_20140605_trade_1min.csv', '34200000,1,1,1,1', 'expected 6 columns (ms,open,'],
  ])('in %s that are none (%s) are refused', async (name, row, message) => {
    await expect(importTexts({ [name]: [row] })).rejects.toThrow(message)
  })

  it.each(['quote_1min', 'quote_tick'])('are not in files of quotes (%s), and an index has none', async (content) => {
    const refusal = expect.objectContaining({
      code: 'import-index-quotes',
      message: expect.stringContaining('holds quotes of SPX, an index'),
    })
    await expect(importTexts({ [`SPX_20140605_${content}.csv.gz`]: [] })).rejects.toThrow(refusal)
  })
})
