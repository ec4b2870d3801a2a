/** The kinds of file that can be imported, recognized by name, and the ticks that each of them gives. */

import { basename } from 'node:path'

import { FeedError, TapedeckError } from '../../../market/errors.ts'
import { indexBarParser } from './index-bars.ts'
import { readLines } from './lines.ts'
import { OPTION_CHAIN_HEADER, optionChainParser } from './option-chain.ts'
import { quoteBarParser } from './quote-bars.ts'
import { quoteTickParser } from './quote-ticks.ts'
import { type RowParser, type RowTime, type SourceTick, underlyingNamed } from './rows.ts'
import { tradeTickParser } from './trade-ticks.ts'

/** A file that is known to be importable by its name; its content is not checked yet. */
export interface Source {
  path: string
  /** The file's name without its folder. */
  name: string
  kind: 'index-bars' | 'quote-bars' | 'trade-ticks' | 'quote-ticks' | 'option-chain'
  /** The first line, word for word, of the kinds that have one. */
  header?: string
  /** A fresh parser of the data rows. */
  parser: () => RowParser
}

const UNDERLYING_FILE = /^(?<symbol>[a-z0-9.-]+)_(?<date>\d{8})_(?<content>quote_1min|trade_1min|trade_tick|quote_tick)\.csv(\.gz)?$/i
const KNOWN_KINDS =
  `an option chain (*.csv or *.csv.gz beginning with "${OPTION_CHAIN_HEADER}"), a stock's minute quote bars ` +
  '(<symbol>_<yyyymmdd>_quote_1min.csv, with or without .gz), its trades (…_trade_tick.csv), its best bid and ask (…_quote_tick.csv), ' +
  "or an index's values (…_trade_tick.csv, …_trade_1min.csv)"

const STOCK_KINDS = {
  quote_1min: { kind: 'quote-bars', parserOf: quoteBarParser },
  trade_tick: { kind: 'trade-ticks', parserOf: tradeTickParser },
  quote_tick: { kind: 'quote-ticks', parserOf: quoteTickParser },
} as const

/** Throws a FeedError: `import-trade-bars`, `import-index-quotes` or `import-unknown-file`. */
export function identifySource(path: string): Source {
  const name = basename(path)
  const { symbol, date, content } = UNDERLYING_FILE.exec(name)?.groups ?? {}
  const underlying = symbol && underlyingNamed(symbol.toUpperCase())
  if (underlying && underlying.kind === 'index' && content?.toLowerCase() === 'trade_1min')
    return { path, name, kind: 'index-bars', parser: () => indexBarParser(underlying, date ?? '') }
  if (/_trade_1min\.csv(\.gz)?$/i.test(name)) {
    throw new FeedError(
      `${path} holds minute bars of trades, which are not ticks: a bar sums up many trades without their times, prices and sizes, ` +
        'so none of them can be put on a tape. Leave this file out; quote bars (_quote_1min.csv) can be imported.',
      { code: 'import-trade-bars' },
    )
  }
  if (underlying && date && content) {
    if (underlying.kind === 'index' && /^quote/i.test(content)) throw indexQuotes(path, underlying.symbol)
    const { kind, parserOf } = STOCK_KINDS[content.toLowerCase() as keyof typeof STOCK_KINDS]
    return { path, name, kind, parser: () => parserOf(underlying.symbol, date) }
  }
  if (/quote_1min|(trade|quote)_tick/i.test(name) || !/\.csv(\.gz)?$/i.test(name)) {
    throw new FeedError(`${path} cannot be imported: expected ${KNOWN_KINDS}, found the name ${JSON.stringify(name)}.`, {
      code: 'import-unknown-file',
    })
  }
  return { path, name, kind: 'option-chain', header: OPTION_CHAIN_HEADER, parser: optionChainParser }
}

function indexQuotes(path: string, symbol: string): FeedError {
  return new FeedError(
    `${path} holds quotes of ${symbol}, an index, which has values and no quotes to trade on. Leave this file out; its values can be ` +
      'imported (_trade_tick.csv, _trade_1min.csv).',
    { code: 'import-index-quotes' },
  )
}

/**
 * The ticks of a file in its order, one array per chunk of lines. `onBytes` hears how many bytes of the file were read so far,
 * `onRow` of every data row, also of one that gives no tick of its own.
 * Throws a FeedError: `import-bad-header`, `import-bad-row` (both name file and line), `import-unreadable`.
 */
export async function* ticksOf(
  source: Source,
  onBytes: (bytes: number) => void,
  onRow: (row: RowTime) => void = () => undefined,
): AsyncGenerator<SourceTick[]> {
  const { path, header } = source
  const parser = source.parser()
  let lastTsUs = Number.NEGATIVE_INFINITY
  for await (const { first, lines } of readLines(path, onBytes)) {
    const ticks: SourceTick[] = []
    for (const [i, line] of lines.entries()) {
      if (header !== undefined && first + i === 1) {
        if (line === header) continue
        throw new FeedError(
          `${path}:1: expected ${KNOWN_KINDS}, found ${JSON.stringify(line.slice(0, 120))}. Rename or convert the file.`,
          {
            code: 'import-bad-header',
          },
        )
      }
      const row = parseAt(() => parser.row(line, ticks), path, first + i)
      if (row.tsUs < lastTsUs)
        throw rowError(path, first + i, `expected rows in order of time, found ${JSON.stringify(line)} behind a later one`)
      lastTsUs = row.tsUs
      onRow(row)
    }
    yield ticks
  }
  const last: SourceTick[] = []
  parser.end?.(last)
  if (last.length > 0) yield last
}

function parseAt<T>(parse: () => T, path: string, number: number): T {
  try {
    return parse()
  } catch (cause) {
    throw cause instanceof TapedeckError ? rowError(path, number, cause.message, cause) : cause
  }
}

function rowError(path: string, line: number, message: string, cause?: unknown): FeedError {
  return new FeedError(`${path}:${line}: ${message}. Correct the row or leave the file out; no tape was written.`, {
    code: 'import-bad-row',
    cause,
  })
}
