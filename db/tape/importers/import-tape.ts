/**
 * Makes a tape of other people's files. Two passes, both streaming: the first reads everything, so that a bad row refuses before
 * anything is written, and finds the contracts; the second writes all contracts and then the ticks, merged by time; at equal times
 * bars of the underlying come first, then its trades, then its quotes, then options, each file in its own order. Every row of a minute file
 * and every trade becomes a tick, also one that changes nothing; of quote ticks only changes do (see quote-ticks.ts).
 * Equal input gives equal bytes, in whatever order the files are named.
 */

import { stat } from 'node:fs/promises'

import type { Contract } from '../../../market/contract.ts'
import { ConfigError, FeedError } from '../../../market/errors.ts'
import { mergeOrdered } from '../../../market/merge.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { isDate } from '../../../market/time.ts'
import { writeTape } from '../writer.ts'
import type { SourceTick } from './rows.ts'
import { identifySource, type Source, ticksOf } from './source.ts'

export interface ImportProgress {
  /** Bytes read of the files, both passes together. */
  bytes: number
  /** What `bytes` ends at. */
  totalBytes: number
}

export interface ImportOptions {
  /**
   * Option chains (`*.csv`, `*.csv.gz`); of stocks `<symbol>_<yyyymmdd>_` with `quote_1min.csv` (minute bars of quotes), `trade_tick.csv`
   * or `quote_tick.csv`, of indices with `trade_1min.csv` or `trade_tick.csv`, each also with `.gz`.
   */
  sources: string[]
  /** The tape to write; replaced when it exists. */
  out: string
  /** Takes only the rows of this date at the exchange, `YYYY-MM-DD`. */
  date?: string
  /** Goes onto the tape: whose data it is, and under which terms. */
  attribution?: string
  /** Called after each chunk read. */
  onProgress?: (progress: ImportProgress) => void
}

export interface ImportSummary {
  instruments: number
  /** Data rows taken. Of quote ticks a bid's and an ask's row make one Quote, and none when nothing changes. */
  rows: number
  quotes: number
  trades: number
  /** Those of them that the source marks as suspicious: quarantined on the tape. */
  suspicious: number
  /** Data rows of other dates, left out. */
  skippedRows: number
  firstTsUs: number
  lastTsUs: number
}

interface Survey extends ImportSummary {
  contracts: { contract: Contract; key: string }[]
}

/**
 * Throws a FeedError (`import-bad-row`, `import-bad-header`, `import-trade-bars`, `import-unknown-file`, `import-unreadable`,
 * `import-empty`), a ConfigError for a bad `date` or no sources, a WriteError when `out` cannot be written. Leaves nothing behind then.
 */
export async function importTape(options: ImportOptions): Promise<ImportSummary> {
  const { date, out, attribution } = options
  if (date !== undefined && !isDate(date))
    throw new ConfigError(`expected a date as YYYY-MM-DD, found ${JSON.stringify(date)}. Correct the date to import.`, {
      code: 'import-date',
    })
  const sources = options.sources.map(identifySource).toSorted(bySource)
  const progress = await progressOf(sources, options.onProgress)

  const { contracts, ...summary } = await survey(sources, date, progress)
  const numbers = new Map(contracts.map(({ key }, i) => [key, i + 1]))
  const description = descriptionOf(sources, date, summary)

  async function* records(): AsyncGenerator<TapeRecord[]> {
    let seq = 0
    yield contracts.map(({ contract }, i) => ({ kind: 'contract', seq: ++seq, tsUs: summary.firstTsUs, instrument: i + 1, contract }))
    for await (const ticks of mergeOrdered(sources.map((source) => ofDate(ticksOf(source, progress(source)), date)))) {
      yield ticks.map(({ date: _date, contract: _contract, key, ...tick }) => {
        const instrument = numbers.get(key)
        if (instrument === undefined)
          throw new FeedError(`The sources changed while they were imported: ${key} is new. Import again.`, { code: 'import-changed' })
        return { ...tick, seq: ++seq, instrument }
      })
    }
  }
  await writeTape(out, { source: 'import', description, ...(attribution === undefined ? {} : { attribution }) }, records())
  return summary
}

function descriptionOf(sources: Source[], date: string | undefined, { instruments, quotes, trades }: ImportSummary): string {
  const ofDay = date === undefined ? '' : ` of ${date}`
  const names = sources.map(({ name }) => name).join(', ')
  const isMinutes = sources.every(({ kind }) => kind === 'option-chain' || kind === 'quote-bars' || kind === 'index-bars')
  return isMinutes
    ? `Minute-close quotes${ofDay}: ${quotes + trades} rows of ${instruments} instruments from ${names}`
    : `Ticks${ofDay}: ${trades} trades and ${quotes} quotes of ${instruments} instrument${instruments === 1 ? '' : 's'} from ${names}`
}

/** The first pass: checks every row. */
async function survey(sources: Source[], date: string | undefined, progress: (source: Source) => (bytes: number) => void): Promise<Survey> {
  const contracts = new Map<string, Contract>()
  const dates = new Set<string>()
  const count = { rows: 0, quotes: 0, trades: 0, suspicious: 0, skippedRows: 0 }
  let firstTsUs = Number.POSITIVE_INFINITY
  let lastTsUs = Number.NEGATIVE_INFINITY
  const onRow = (row: { date: string }) => {
    dates.add(row.date)
    if (date === undefined || row.date === date) count.rows++
    else count.skippedRows++
  }
  for (const source of sources) {
    for await (const ticks of ofDate(ticksOf(source, progress(source), onRow), date)) {
      for (const { kind, verdict, key, contract, tsUs } of ticks) {
        if (kind === 'trade') count.trades++
        else count.quotes++
        if (verdict) count.suspicious++
        if (!contracts.has(key)) contracts.set(key, contract)
        if (tsUs < firstTsUs) firstTsUs = tsUs
        if (tsUs > lastTsUs) lastTsUs = tsUs
      }
    }
  }
  if (contracts.size === 0) {
    const files = sources.map(({ path }) => path).join(', ')
    const wanted = date === undefined ? 'rows' : `rows of ${date}`
    const found = dates.size === 0 ? 'none' : `only ${[...dates].join(', ')}`
    throw new FeedError(`${files}: expected ${wanted}, found ${found}. Name other files or another date.`, { code: 'import-empty' })
  }
  return {
    contracts: [...contracts].map(([key, contract]) => ({ key, contract })).toSorted((a, b) => byContract(a.contract, b.contract)),
    instruments: contracts.size,
    ...count,
    firstTsUs,
    lastTsUs,
  }
}

async function* ofDate(chunks: AsyncIterable<SourceTick[]>, date: string | undefined): AsyncGenerator<SourceTick[]> {
  for await (const chunk of chunks) yield date === undefined ? chunk : chunk.filter((tick) => tick.date === date)
}

/** Adds up what the readers of the sources report over both passes. */
async function progressOf(
  sources: Source[],
  onProgress: ImportOptions['onProgress'],
): Promise<(source: Source) => (bytes: number) => void> {
  let totalBytes = 0
  for (const { path } of sources) {
    const { size } = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      throw new FeedError(`${path} cannot be read (${cause.code}). Check the path.`, { code: 'import-unreadable', cause })
    })
    totalBytes += 2 * size
  }
  let bytes = 0
  return () => {
    let before = 0
    return (now) => {
      bytes += now - before
      before = now
      onProgress?.({ bytes, totalBytes })
    }
  }
}

/** What counts at equal times: a trade was made against the quote before it, and an option is quoted against its underlying. */
const ORDER: readonly Source['kind'][] = ['index-bars', 'quote-bars', 'trade-ticks', 'quote-ticks', 'option-chain']

function bySource(a: Source, b: Source): number {
  return compare(ORDER.indexOf(a.kind), ORDER.indexOf(b.kind)) || compare(a.name, b.name) || compare(a.path, b.path)
}

/** Underlyings first, then options by symbol, expiry, strike, right and trading class. */
function byContract(a: Contract, b: Contract): number {
  if (a.kind !== 'option' || b.kind !== 'option')
    return compare(a.kind === 'option' ? 1 : 0, b.kind === 'option' ? 1 : 0) || compare(a.symbol, b.symbol)
  const byTerms = compare(a.expiry, b.expiry) || compare(a.strike, b.strike) || compare(a.right, b.right)
  return compare(a.symbol, b.symbol) || byTerms || compare(a.tradingClass, b.tradingClass)
}

function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
