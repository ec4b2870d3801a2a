/** The bars of a dataset out of the database: which there are, when each was known, and which of them are missing. */

import { connectClient } from '../../db/pool.ts'
import { actionsBetween, type StoredAction } from '../../db/read/queries/actions-between.ts'
import { barsBetween, type StoredBar, type Tradable, tradablesOf } from '../../db/read/queries/bars-between.ts'
import { barInterval, SECONDS_PER_DAY } from '../../market/bar.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { calendarOf } from '../../market/calendar/calendars.ts'
import type { TradingCalendar } from '../../market/calendar/trading-calendar.ts'
import type { Contract } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import type { CorporateAction } from '../engine/actions.ts'
import type { DatasetGap } from '../run/result.ts'
import type { InstrumentBar } from './bars-file.ts'

export interface BarsWanted {
  symbols: readonly string[]
  barSeconds: number
  fromUs: number
  toUs: number
  prices?: 'raw' | undefined
  asOf: string
}

export interface BarsFound {
  /** In the order in which they became known; of one moment by instrument. */
  bars: InstrumentBar[]
  /** Of instruments whose prices are as traded. Undefined: nothing happened to them. */
  actions: CorporateAction[] | undefined
  instruments: { instrument: number; contract: Contract }[]
  gaps: DatasetGap[]
  warnings: string[]
}

/** @throws FeedError when there are none, or the database cannot be read */
export async function readDatabaseBars(url: string, wanted: BarsWanted): Promise<BarsFound> {
  const { symbols, barSeconds, fromUs, toUs, prices, asOf } = wanted
  const client = await connectClient(url)
  try {
    const tradables = await tradablesOf(client, symbols)
    const instruments = tradables.map(({ instrument }) => instrument)
    const stored = await barsBetween(client, { instruments, seconds: barSeconds, fromUs, toUs, prices, asOf })
    const byInstrument = new Map<number, StoredBar[]>()
    for (const bar of stored) {
      const bars = byInstrument.get(bar.instrument)
      if (bars) bars.push(bar)
      else byInstrument.set(bar.instrument, [bar])
    }
    const absent = symbols.filter((symbol) => !tradables.some((known) => known.symbol === symbol && byInstrument.has(known.instrument)))
    if (absent.length > 0)
      throw new FeedError(
        `The database has no bars of ${absent.join(', ')} from ${isoFromUs(fromUs)} to before ${isoFromUs(toUs)}. Import them with \`tapedeck bars import\`, or ask for another range.`,
        { code: 'dataset-empty' },
      )
    const found: BarsFound = { bars: [], actions: undefined, instruments: [], gaps: [], warnings: [] }
    for (const tradable of tradables) take(found, tradable, byInstrument.get(tradable.instrument) ?? [], wanted)
    const raw = [...byInstrument].filter(([, bars]) => bars.some(({ isAdjusted }) => !isAdjusted)).map(([instrument]) => instrument)
    const range = { fromDate: isoFromUs(fromUs).slice(0, 10), toDate: isoFromUs(toUs - 1).slice(0, 10), asOf }
    const actions = raw.length > 0 ? (await actionsBetween(client, { instruments: raw, ...range })).flatMap(actionOf) : []
    if (actions.length > 0) found.actions = actions
    found.bars.sort((one, other) => one.endUs - other.endUs || one.instrument - other.instrument)
    return found
  } finally {
    await client.end()
  }
}

function take(found: BarsFound, tradable: Tradable, stored: readonly StoredBar[], { barSeconds, fromUs, toUs }: BarsWanted): void {
  const { instrument, symbol } = tradable
  if (stored.length === 0) return
  const calendar = calendarOf(tradable.calendar ?? 'XNYS') ?? nyse
  found.instruments.push({ instrument, contract: contractOf(tradable) })
  for (const bar of stored) {
    const { source: _source, isAdjusted: _isAdjusted, vwap, volume, trades, ...prices } = bar
    const endUs = endOf(bar.startUs, barSeconds, calendar)
    found.bars.push({ ...prices, endUs, vwap: vwap ?? undefined, volume: volume ?? 0, trades: trades ?? 0 })
  }
  if (barSeconds !== SECONDS_PER_DAY) return
  const missing = missingDays(stored, { fromUs, toUs }, calendar)
  for (const { openUs, closeUs } of missing) found.gaps.push({ fromTsUs: openUs, toTsUs: closeUs, cause: 'no-bar', instrument })
  if (missing.length > 0) {
    const [first, last] = [missing[0]?.date, missing.at(-1)?.date]
    found.warnings.push(
      `${symbol} has no bar on ${missing.length} market ${missing.length === 1 ? 'day' : 'days'} from ${first} to ${last}.`,
    )
  }
}

/** A day's bar is known when its session closes. */
function endOf(startUs: number, seconds: number, calendar: TradingCalendar): number {
  const { zone } = calendar
  const { endUs } = barInterval(startUs, seconds, zone)
  if (seconds !== SECONDS_PER_DAY) return endUs
  const date = zone.dateOf(startUs)
  const year = Number(date.slice(0, 4))
  const isKnown = year >= calendar.years.first && year <= calendar.years.last
  return (isKnown ? calendar.session(date)?.closeUs : undefined) ?? endUs
}

function missingDays(stored: readonly StoredBar[], { fromUs, toUs }: { fromUs: number; toUs: number }, calendar: TradingCalendar) {
  const { zone, years } = calendar
  const has = new Set(stored.map(({ startUs }) => zone.dateOf(startUs)))
  const clip = (date: string) =>
    date < `${years.first}-01-01` ? `${years.first}-01-01` : date > `${years.last}-12-31` ? `${years.last}-12-31` : date
  return calendar
    .sessions(clip(zone.dateOf(fromUs)), clip(zone.dateOf(toUs - 1)))
    .filter(({ date, openUs }) => openUs >= fromUs && openUs < toUs && !has.has(date))
}

function contractOf({ symbol, currency, kind, venue }: Tradable): Contract {
  if (kind === 'index') return { kind, symbol, currency, venue: venue ?? '' }
  return { kind, symbol, currency, ...(venue !== null && { primaryVenue: venue }) }
}

export function actionOf({ instrument, kind, exDate, amount, ratio }: StoredAction): CorporateAction[] {
  if (kind === 'dividend') return amount === null ? [] : [{ kind, instrument, exDate, amount }]
  return ratio === null ? [] : [{ kind, instrument, exDate, ratio }]
}
