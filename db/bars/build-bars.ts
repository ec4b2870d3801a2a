/** Makes bars of the recorded trades of stocks, and stores them beside bars that were imported, under the source `trades`. */

import type pg from 'pg'

import { barInterval } from '../../market/bar.ts'
import { TradeBars } from '../../market/bars/trade-bars.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { isMarked, Mark } from '../../market/marks.ts'
import type { TradeSource } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { bestSource } from '../../market/trade-sources.ts'
import { connectClient } from '../pool.ts'
import { openRecordSource, type RecordQuery } from '../read/record-source.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { BEGIN } from '../transaction.ts'
import { cutIntervals } from './cut-intervals.ts'
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
  /** Which sessions, times and symbols; a time within an interval stands for all of it. Quarantined trades are left out. */
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
  const { name, builders, trades, sessionId } = await readTrades(url, wholeIntervals(query, seconds), seconds)
  const client = await connectClient(url)
  try {
    await client.query(BEGIN)
    const stored = await store(client, builders, { seconds, sessionId })
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

/** What is left out of an interval would be missing in its bar. */
function wholeIntervals({ fromUs, toUs, ...query }: BuildBarsOptions['query'], seconds: number): BuildBarsOptions['query'] {
  return {
    ...query,
    fromUs: fromUs === undefined ? undefined : barInterval(fromUs, seconds, nyse.zone).startUs,
    toUs: toUs === undefined ? undefined : barInterval(toUs - 1, seconds, nyse.zone).endUs,
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
  /** Undefined when all of them were read. */
  const sessionId = query.sessionId === 'all' ? undefined : source.sessions[0]?.sessionId
  return { name: source.name, builders, trades, sessionId }
}

async function store(
  client: pg.ClientBase,
  builders: ReadonlyMap<string, readonly TradeBars[]>,
  { seconds, sessionId }: { seconds: number; sessionId: number | undefined },
): Promise<Pick<BuiltBars, 'bars' | 'refused'>> {
  const staging = new Staging(client)
  await staging.open()
  const refusals = new Refusals()
  const place = { file: SOURCE, line: 0 }
  const cut =
    sessionId === undefined ? [] : await cutIntervals(client, { sessionId, symbols: [...builders.keys()], seconds, zone: nyse.zone })
  const isCut = (symbol: string, startUs: number) => cut.some((one) => one.startUs === startUs && one.symbols.has(symbol))
  const notWhole = `all trades of a bar in session ${sessionId}: others have some from before it began or after it ended (use --session all)`
  let line = 0
  for (const [symbol, days] of builders) {
    for (const { startUs, vwap = Number.NaN, ...figures } of days.flatMap((one) => one.bars())) {
      const date = nyse.zone.dateOf(startUs)
      if (isCut(symbol, startUs)) {
        refusals.add(notWhole, place, `${symbol} ${isoFromUs(startUs)}`)
        continue
      }
      const time = { date, day: Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY, startUs }
      staging.add({ symbol, time, vwap, ...figures, dividend: 0, split: 1 }, 0, ++line)
    }
    await staging.send()
  }
  await staging.finish()
  await nameSymbols(client, staging.symbols(), new Set(staging.symbols()), MARKET)
  const {
    examples: _examples,
    repeated: _repeated,
    ...bars
  } = await storeBars(client, {
    seconds,
    source: SOURCE,
    replace: false,
    mayRepeat: false,
    onRefused: (_place, reason, symbol, date) => refusals.add(reason, place, `${symbol} ${date}`),
  })
  return { bars, refused: { rows: refusals.rows, reasons: refusals.list() } }
}
