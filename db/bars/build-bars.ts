/** Makes bars of the recorded trades of stocks, and stores them beside bars that were imported, under the source `trades`. */

import type pg from 'pg'

import { TradeBars } from '../../market/bars/trade-bars.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { isMarked, Mark } from '../../market/marks.ts'
import type { TradeSource } from '../../market/tick.ts'
import { bestSource } from '../../market/trade-sources.ts'
import { connectClient } from '../pool.ts'
import { openRecordSource, type RecordQuery } from '../read/record-source.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { BEGIN } from '../transaction.ts'
import { nameSymbols } from './name-symbols.ts'
import { type Refusal, Refusals } from './refusals.ts'
import { Staging } from './staging.ts'
import { storeBars } from './store-bars.ts'

const SOURCE = 'trades'
/** Whose hours are known: stocks that trade in New York. */
const MARKET = { kind: 'stock', currency: 'USD', calendar: 'XNYS' } as const
const MS_PER_DAY = 86_400_000

export interface BuildBarsOptions {
  url: string
  /** Which sessions, times and symbols. Quarantined trades are left out. */
  query: Omit<RecordQuery, 'includeQuarantined'>
  /** Of a bar. */
  seconds: number
  dryRun?: boolean | undefined
}

export interface BuiltBars {
  seconds: number
  dryRun: boolean
  symbols: number
  trades: number
  bars: { new: number; changed: number; unchanged: number }
  refused: { rows: number; reasons: Refusal[] }
}

/** @throws FeedError when there is no such session, WriteError when the database refuses. Nothing was stored then. */
export async function buildBars({ url, query, seconds, dryRun = false }: BuildBarsOptions): Promise<BuiltBars> {
  const { name, builders, trades } = await readTrades(url, query, seconds)
  const client = await connectClient(url)
  try {
    await client.query(BEGIN)
    const stored = await store(client, builders, seconds)
    const report = { seconds, dryRun, symbols: builders.size, trades, ...stored }
    await client.query("INSERT INTO imports (kind, source, files, report) VALUES ('bars', $1, ARRAY[$2], $3)", [
      SOURCE,
      name,
      JSON.stringify(report),
    ])
    await client.query(dryRun ? 'ROLLBACK' : 'COMMIT')
    return report
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw writeErrorOf(error, 'The bars cannot be stored')
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function readTrades(url: string, query: BuildBarsOptions['query'], seconds: number) {
  const source = await openRecordSource({ url }, query)
  const symbols = new Map<number, string>()
  /** By symbol and day: a feed that is there on one day may not be on the next. */
  const bySource = new Map<string, Map<string, Map<TradeSource, TradeBars>>>()
  for await (const { records } of source.records())
    for (const record of records) {
      if (record.kind === 'contract') {
        const { kind, symbol, currency } = record.contract
        if (kind === MARKET.kind && currency === MARKET.currency) symbols.set(record.instrument, symbol)
        continue
      }
      const symbol = record.kind === 'trade' ? symbols.get(record.instrument) : undefined
      // The first values after a request are of trades that may be hours old.
      if (record.kind !== 'trade' || symbol === undefined || isMarked(record, Mark.initial)) continue
      const days = bySource.get(symbol) ?? new Map<string, Map<TradeSource, TradeBars>>()
      bySource.set(symbol, days)
      const date = nyse.zone.dateOf(record.tsUs)
      const sources = days.get(date) ?? new Map<TradeSource, TradeBars>()
      days.set(date, sources)
      const bars = sources.get(record.source) ?? new TradeBars(seconds, nyse.zone)
      sources.set(record.source, bars)
      bars.add(record)
    }
  const builders = new Map<string, TradeBars[]>()
  for (const [symbol, days] of bySource) {
    const best = [...days.values()].map((sources) => sources.get(bestSource(new Set(sources.keys())) ?? 'last'))
    builders.set(
      symbol,
      best.filter((bars) => bars !== undefined),
    )
  }
  const bars = [...builders.values()].flat().flatMap((one) => one.bars())
  const trades = bars.reduce((sum, bar) => sum + bar.trades, 0)
  return { name: source.name, builders, trades }
}

async function store(
  client: pg.ClientBase,
  builders: ReadonlyMap<string, readonly TradeBars[]>,
  seconds: number,
): Promise<Pick<BuiltBars, 'bars' | 'refused'>> {
  const staging = new Staging(client)
  await staging.open()
  let line = 0
  for (const [symbol, days] of builders) {
    for (const { startUs, vwap = Number.NaN, ...figures } of days.flatMap((one) => one.bars())) {
      const date = nyse.zone.dateOf(startUs)
      const time = { date, day: Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY, startUs }
      staging.add({ symbol, time, vwap, ...figures, dividend: 0, split: 1 }, 0, ++line)
    }
    await staging.send()
  }
  await staging.finish()
  await nameSymbols(client, staging.symbols(), new Set(staging.symbols()), MARKET)
  const refusals = new Refusals()
  const {
    examples: _examples,
    repeated: _repeated,
    ...bars
  } = await storeBars(client, {
    seconds,
    source: SOURCE,
    replace: false,
    mayRepeat: false,
    onRefused: (_place, reason, symbol, date) => refusals.add(reason, { file: SOURCE, line: 0 }, `${symbol} ${date}`),
  })
  return { bars, refused: { rows: refusals.rows, reasons: refusals.list() } }
}
