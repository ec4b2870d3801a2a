/** What is found in real ticks of a stock (IBM, 2013-10-07, sizes in shares), and in the same as a broker would send them in lots. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { StockSizeDetector } from '../../../../market/stock-sizes/detector.ts'
import type { Quote, StockSizes, Trade } from '../../../../market/tick.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../../../support/data.ts'
import { contractOf } from '../../../support/tape/simulated-stock.ts'

function rowsOf(file: string): number[][] {
  const text = gunzipSync(readFileSync(join(SHARED_DATA, 'stock-ticks', file))).toString()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(',').map(Number))
}

/** Each row has one side; the other stands. */
function quotesOf(file: string, sizeOf: (shares: number) => number): Quote[] {
  const sides = { bidPrice: 0, bidSize: 0, askPrice: 0, askSize: 0 }
  return rowsOf(file).map(([ms = 0, bidPrice = 0, bidSize = 0, askPrice = 0, askSize = 0], i) => {
    if (bidPrice > 0) Object.assign(sides, { bidPrice: bidPrice / 10_000, bidSize: sizeOf(bidSize) })
    if (askPrice > 0) Object.assign(sides, { askPrice: askPrice / 10_000, askSize: sizeOf(askSize) })
    return { kind: 'quote', seq: i, tsUs: ms * 1000 + i, instrument: 1, ...sides }
  })
}

function tradesOf(file: string, sizeOf: (shares: number) => number): Trade[] {
  return rowsOf(file).map(([ms = 0, price = 0, size = 0], i) => ({
    kind: 'trade',
    seq: i,
    tsUs: ms * 1000 + i,
    instrument: 1,
    price: price / 10_000,
    size: sizeOf(size),
    source: 'rt-volume',
  }))
}

function learnedFrom(ticks: readonly (Quote | Trade)[]): StockSizes[] {
  const detector = new StockSizeDetector()
  return [contractOf(), ...ticks].flatMap((record) => detector.take(record) ?? [])
}

describe.skipIf(!hasSharedData)(`Real sizes${withSharedData}`, () => {
  const asSent = (shares: number) => shares
  const inLots = (shares: number) => Math.floor(shares / 100)

  it('of quotes are in shares, and are found to be in lots when they are sent so, once and for the whole day', () => {
    const shares = learnedFrom(quotesOf('ibm_20131007_quote_tick.csv.gz', asSent))
    expect(shares.map(({ groups }) => groups.quotes?.unit)).toEqual(['shares'])
    const lots = learnedFrom(quotesOf('ibm_20131007_quote_tick.csv.gz', inLots))
    expect(lots.map(({ groups }) => groups.quotes?.unit)).toEqual(['lots'])
  })

  it.each(['ibm', 'aig'])('of trades are in shares, and are found to be in lots when they are sent so (%s)', (name) => {
    const file = `${name}_20131007_trade_tick.csv.gz`
    expect(learnedFrom(tradesOf(file, asSent)).map(({ groups }) => groups['rt-volume']?.unit)).toEqual(['shares'])
    expect(learnedFrom(tradesOf(file, inLots)).map(({ groups }) => groups['rt-volume']?.unit)).toEqual(['lots'])
  })
})
