/** A stock's trades and quotes go the whole way tick by tick: files, tape, gateway, wire, collector, journal, COPY, tables, reader. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { describe, expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { importTape } from '../../db/tape/importers/import-tape.ts'
import { readRecords } from '../../db/tape/reader.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import type { Quote, Tick, Trade } from '../../market/tick.ts'
import { ask, folderForTest } from '../support/process/collecting.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../support/data.ts'
import { type Edition, forEachEdition } from '../support/database/databases.ts'
import { recordTape } from '../support/process/recording.ts'

/** Midnight of 2013-10-07 in New York, four hours behind UTC. */
const MIDNIGHT_MS = Date.UTC(2013, 9, 7, 4)
const LINES = ['market data', 'tick-by-tick-quotes', 'tick-by-tick-trades']
const TRIP_MS = 120_000

type TradeFields = Pick<Trade, 'eventTsUs' | 'price' | 'size' | 'venue' | 'conditions'>
type QuoteFields = Pick<Quote, 'eventTsUs' | 'bidPrice' | 'bidSize' | 'askPrice' | 'askSize'>

const tradeFields = ({ eventTsUs, price, size, venue, conditions }: TradeFields): TradeFields => ({
  eventTsUs,
  price,
  size,
  venue,
  conditions,
})
const quoteFields = ({ eventTsUs, bidPrice, bidSize, askPrice, askSize }: QuoteFields): QuoteFields => ({
  eventTsUs,
  bidPrice,
  bidSize,
  askPrice,
  askSize,
})

/** The rows of a file of trades, typed apart from our importer; IB gives the time of a trade in whole seconds. */
async function tradesOf(path: string): Promise<TradeFields[]> {
  const bytes = await readFile(path)
  const rows = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().trim().split('\n')
  return rows.map((row) => {
    const [ms, price, size, venue = '', conditions = ''] = row.trim().split(',')
    return {
      eventTsUs: wholeSecond((MIDNIGHT_MS + Number(ms)) * 1000),
      price: Number(price) / 10_000,
      size: Number(size),
      venue,
      conditions,
    }
  })
}

/** The best bid and ask that the importer made of the quotes of all exchanges. */
async function bestQuotesOf(tape: string): Promise<QuoteFields[]> {
  const quotes: QuoteFields[] = []
  for await (const records of readRecords(tape))
    for (const record of records)
      if (record.kind === 'quote') quotes.push({ ...quoteFields(record), eventTsUs: wholeSecond(record.eventTsUs ?? Number.NaN) })
  return quotes
}

function wholeSecond(us: number): number {
  return Math.floor(us / 1_000_000) * 1_000_000
}

async function expectTradeDay(trades: string, quotes: string, { createDatabase }: Edition): Promise<void> {
  const tape = join(await folderForTest(), 'ibm.tape')
  await importTape({ sources: [trades, quotes], out: tape })
  const databaseUrl = await createDatabase()
  const { served, collected } = await recordTape({ tape, databaseUrl, symbol: 'IBM', lines: 1 })
  expect(collected.received).toBe(served.ticksServed)
  expect(collected.written + collected.quarantined).toBe(collected.received)
  expect(collected).toMatchObject({ dropped: 0, inFlight: 0, gaps: 0, cause: 'end-of-tape' })

  const reader = await openTapeReader({ url: databaseUrl }, { sessionId: 'latest', includeQuarantined: true })
  const read: Tick[] = []
  for await (const chunk of reader.ticks()) read.push(...chunk)
  const recordedTrades = read.filter((tick) => tick.kind === 'trade' && tick.source === 'tick-by-tick')
  const recordedQuotes = read.filter((tick) => tick.kind === 'quote' && tick.source === 'tick-by-tick')
  expect(recordedTrades.map((tick) => tradeFields(tick as Trade))).toEqual(await tradesOf(trades))
  expect(recordedQuotes.map((tick) => quoteFields(tick as Quote))).toEqual(await bestQuotesOf(tape))
  // The sampled quotes are recorded beside them and can be told apart.
  expect(read.some((tick) => tick.kind === 'quote' && tick.source === undefined)).toBe(true)
  expect(await ask(databaseUrl, "SELECT coalesce(feed, 'market data') AS feed FROM line_holds ORDER BY 1")).toEqual(
    LINES.map((feed) => ({ feed })),
  )
}

forEachEdition('a stock that is recorded tick by tick', (edition) => {
  it(
    'has every trade of the shipped rows with its exchange and conditions, and every best quote, in order',
    () => {
      const rows = join(packageRoot(), 'test', 'fixtures', 'stock-ticks')
      return expectTradeDay(join(rows, 'ibm_20131007_trade_tick.csv'), join(rows, 'ibm_20131007_quote_tick.csv'), edition)
    },
    TRIP_MS,
  )

  describe.skipIf(!hasSharedData)(`from the data beside the checkout${withSharedData}`, () => {
    it(
      'has every trade and quote of the whole day',
      () => {
        const day = join(SHARED_DATA, 'stock-ticks')
        return expectTradeDay(join(day, 'ibm_20131007_trade_tick.csv.gz'), join(day, 'ibm_20131007_quote_tick.csv.gz'), edition)
      },
      TRIP_MS,
    )
  })
})
