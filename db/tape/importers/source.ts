/** The kinds of file that can be imported, told apart by name, and the quotes each of them gives. */

import { basename } from 'node:path'

import { FeedError, TapedeckError } from '../../../market/errors.ts'
import { readLines } from './lines.ts'
import { OPTION_CHAIN_HEADER, optionChainParser } from './option-chain.ts'
import { quoteBarParser } from './quote-bars.ts'
import type { SourceQuote } from './rows.ts'

/** A file that is known to be importable by its name; its content is not checked yet. */
export interface Source {
  path: string
  /** The file's name without its folder. */
  name: string
  kind: 'quote-bars' | 'option-chain'
  /** The first line, word for word, of the kinds that have one. */
  header?: string
  /** A fresh parser of one data row. */
  parser: () => (line: string) => SourceQuote
}

const QUOTE_BARS = /^(?<symbol>[a-z0-9.-]+)_(?<date>\d{8})_quote_1min\.csv(\.gz)?$/i
const QUOTE_BARS_NAME = '<symbol>_<yyyymmdd>_quote_1min.csv'
const KNOWN_KINDS = `an option chain (*.csv or *.csv.gz beginning with "${OPTION_CHAIN_HEADER}") or a stock's minute quote bars (${QUOTE_BARS_NAME}, with or without .gz)`

/** Throws a FeedError: `import-trade-bars` or `import-unknown-file`. */
export function identifySource(path: string): Source {
  const name = basename(path)
  if (/_trade_1min\.csv(\.gz)?$/i.test(name)) {
    throw new FeedError(
      `${path} holds minute bars of trades, and those are no ticks: a bar sums up many trades whose times, prices and sizes it does not tell, ` +
        'so none of them can be put on a tape. Leave this file out; quote bars (_quote_1min.csv) can be imported.',
      { code: 'import-trade-bars' },
    )
  }
  const { symbol, date } = QUOTE_BARS.exec(name)?.groups ?? {}
  if (symbol && date) return { path, name, kind: 'quote-bars', parser: () => quoteBarParser(symbol.toUpperCase(), date) }
  if (/quote_1min/i.test(name) || !/\.csv(\.gz)?$/i.test(name)) {
    throw new FeedError(`${path} is of no kind that can be imported: expected ${KNOWN_KINDS}, found the name ${JSON.stringify(name)}.`, {
      code: 'import-unknown-file',
    })
  }
  return { path, name, kind: 'option-chain', header: OPTION_CHAIN_HEADER, parser: optionChainParser }
}

/**
 * The quotes of a file in its order, one array per chunk of lines. `onBytes` hears how many bytes of the file were read so far.
 * Throws a FeedError: `import-bad-header`, `import-bad-row` (both name file and line), `import-unreadable`.
 */
export async function* quotesOf(source: Source, onBytes: (bytes: number) => void): AsyncGenerator<SourceQuote[]> {
  const { path, header } = source
  const parse = source.parser()
  let lastTsUs = Number.NEGATIVE_INFINITY
  for await (const { first, lines } of readLines(path, onBytes)) {
    const quotes: SourceQuote[] = []
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
      const quote = parseAt(parse, line, path, first + i)
      if (quote.tsUs < lastTsUs)
        throw rowError(path, first + i, `expected rows in order of time, found ${JSON.stringify(line)} behind a later one`)
      lastTsUs = quote.tsUs
      quotes.push(quote)
    }
    yield quotes
  }
}

function parseAt(parse: (line: string) => SourceQuote, line: string, path: string, number: number): SourceQuote {
  try {
    return parse(line)
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
