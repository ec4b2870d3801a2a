/**
 * Makes a tape of other people's files. Two passes, both streaming: the first reads everything, so that a bad row refuses before
 * anything is written, and finds the contracts; the second writes all contracts and then the quotes, merged by time.
 * Every data row becomes a Quote, also one that changes nothing. Equal input gives equal bytes, in whatever order the files are named.
 */

import { stat } from 'node:fs/promises'

import type { Contract } from '../../../market/contract.ts'
import { ConfigError, FeedError } from '../../../market/errors.ts'
import { mergeOrdered } from '../../../market/merge.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { isDate } from '../../../market/time.ts'
import { writeTape } from '../writer.ts'
import type { SourceQuote } from './rows.ts'
import { identifySource, quotesOf, type Source } from './source.ts'

export interface ImportProgress {
  /** Bytes read of the files, both passes together. */
  bytes: number
  /** What `bytes` ends at. */
  totalBytes: number
}

export interface ImportOptions {
  /** Option chains (`*.csv`, `*.csv.gz`) and minute quote bars of stocks (`<symbol>_<yyyymmdd>_quote_1min.csv`). */
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
  /** Data rows taken, each one a Quote. */
  quotes: number
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
  const description =
    `Minute-close quotes${date === undefined ? '' : ` of ${date}`}: ${summary.quotes} rows of ${contracts.length} instruments ` +
    `from ${sources.map(({ name }) => name).join(', ')}`

  async function* records(): AsyncGenerator<TapeRecord[]> {
    let seq = 0
    yield contracts.map(({ contract }, i) => ({ kind: 'contract', seq: ++seq, tsUs: summary.firstTsUs, instrument: i + 1, contract }))
    for await (const quotes of mergeOrdered(sources.map((source) => ofDate(quotesOf(source, progress(source)), date)))) {
      yield quotes.map(({ tsUs, key, bidPrice, askPrice, bidSize, askSize }) => {
        const instrument = numbers.get(key)
        if (instrument === undefined)
          throw new FeedError(`The sources changed while they were imported: ${key} is new. Import again.`, { code: 'import-changed' })
        return { kind: 'quote', seq: ++seq, tsUs, instrument, bidPrice, askPrice, bidSize, askSize }
      })
    }
  }
  await writeTape(out, { source: 'import', description, ...(attribution === undefined ? {} : { attribution }) }, records())
  return summary
}

/** The first pass: checks every row. */
async function survey(sources: Source[], date: string | undefined, progress: (source: Source) => (bytes: number) => void): Promise<Survey> {
  const contracts = new Map<string, Contract>()
  const dates = new Set<string>()
  let quotes = 0
  let skippedRows = 0
  let firstTsUs = Number.POSITIVE_INFINITY
  let lastTsUs = Number.NEGATIVE_INFINITY
  for (const source of sources) {
    for await (const chunk of quotesOf(source, progress(source))) {
      for (const quote of chunk) {
        dates.add(quote.date)
        if (date !== undefined && quote.date !== date) {
          skippedRows++
          continue
        }
        quotes++
        if (!contracts.has(quote.key)) contracts.set(quote.key, quote.contract)
        if (quote.tsUs < firstTsUs) firstTsUs = quote.tsUs
        if (quote.tsUs > lastTsUs) lastTsUs = quote.tsUs
      }
    }
  }
  if (quotes === 0) {
    throw new FeedError(
      `expected rows${date === undefined ? '' : ` of ${date}`}, found ${dates.size === 0 ? 'none' : `only ${[...dates].join(', ')}`}. Name other files or another date.`,
      {
        code: 'import-empty',
      },
    )
  }
  return {
    contracts: [...contracts].map(([key, contract]) => ({ key, contract })).toSorted((a, b) => byContract(a.contract, b.contract)),
    instruments: contracts.size,
    quotes,
    skippedRows,
    firstTsUs,
    lastTsUs,
  }
}

async function* ofDate(chunks: AsyncIterable<SourceQuote[]>, date: string | undefined): AsyncGenerator<SourceQuote[]> {
  for await (const chunk of chunks) yield date === undefined ? chunk : chunk.filter((quote) => quote.date === date)
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

/** Stocks before options, so that at equal times the underlying's quote comes first; then by name. */
function bySource(a: Source, b: Source): number {
  return compare(a.kind === 'quote-bars' ? 0 : 1, b.kind === 'quote-bars' ? 0 : 1) || compare(a.name, b.name) || compare(a.path, b.path)
}

/** Underlyings first, then options by symbol, expiry, strike and right. */
function byContract(a: Contract, b: Contract): number {
  if (a.kind !== 'option' || b.kind !== 'option')
    return compare(a.kind === 'option' ? 1 : 0, b.kind === 'option' ? 1 : 0) || compare(a.symbol, b.symbol)
  return compare(a.symbol, b.symbol) || compare(a.expiry, b.expiry) || compare(a.strike, b.strike) || compare(a.right, b.right)
}

function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
