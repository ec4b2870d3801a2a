/**
 * Imports files of bars and of corporate actions: each row is read once, copied into a staging table while the next ones are read, and all
 * of them are taken over in the transaction of the import. So an import is in the database as a whole or not at all, and doing it again
 * changes nothing.
 */

import { stat } from 'node:fs/promises'
import type pg from 'pg'

import { calendarOf } from '../../market/calendar/calendars.ts'
import { FeedError } from '../../market/errors.ts'
import { connectClient } from '../pool.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { readLines } from '../tape/importers/lines.ts'
import { BEGIN } from '../transaction.ts'
import { columnsOf, type FileColumns } from './columns.ts'
import { dateReader } from './dates.ts'
import type { BarFormat } from './format.ts'
import { nameSymbols } from './name-symbols.ts'
import { type Place, type Refusal, Refusals } from './refusals.ts'
import { rowReader } from './rows.ts'
import { placeOf, Staging } from './staging.ts'
import { type Action, storeActions, type StoredActions } from './store-actions.ts'
import { type StoredBars, storeBars } from './store-bars.ts'

export interface ImportBarsOptions {
  /** Address of a database with our schema. */
  url: string
  /** CSV, each also with `.gz`. */
  files: readonly string[]
  format: BarFormat
  /** Does everything and then undoes it. */
  dryRun?: boolean | undefined
  /** Takes bars, dividends and splits also where those of another source are. */
  replace?: boolean | undefined
  onProgress?: (progress: ImportProgress) => void
}

export interface ImportProgress {
  stage: 'reading' | 'storing'
  /** Bytes read of the files. */
  bytes: number
  totalBytes: number
}

export interface BarsImportReport {
  source: string
  dryRun: boolean
  seconds: number
  files: { file: string; rows: number; unreadColumns: string[] }[]
  symbols: number
  /** Of the bars that were read. */
  firstDate: string | undefined
  lastDate: string | undefined
  bars: StoredBars
  actions: StoredActions
  refused: { rows: number; reasons: Refusal[] }
}

/**
 * @throws FeedError `import-unreadable`, `import-bad-header`, `import-nothing` (no row could be taken), ConfigError `date-format`, WriteError
 *   when the database refuses. Nothing was imported then.
 */
export async function importBars(options: ImportBarsOptions): Promise<BarsImportReport> {
  const totalBytes = await sizeOf(options.files)
  const client = await connectClient(options.url)
  try {
    await client.query(BEGIN)
    const report = await withinTransaction(client, options, totalBytes)
    await client.query(options.dryRun ? 'ROLLBACK' : 'COMMIT')
    return report
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error instanceof FeedError ? error : writeErrorOf(error, 'The bars cannot be stored')
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function withinTransaction(client: pg.ClientBase, options: ImportBarsOptions, totalBytes: number): Promise<BarsImportReport> {
  const { files, format, replace = false, dryRun = false, onProgress } = options
  const staging = new Staging(client)
  await staging.open()
  const reading = new Reading(format, staging)
  let before = 0
  for (const [index, file] of files.entries()) {
    const { size } = await stat(file)
    await reading.file(file, index, (bytes) => onProgress?.({ stage: 'reading', bytes: before + bytes, totalBytes }))
    before += size
  }
  await staging.finish()
  onProgress?.({ stage: 'storing', bytes: totalBytes, totalBytes })
  const { refusals, actions } = reading
  const withActions = new Set(actions.map(({ place }) => rowOf(place)))
  const refusedWithActions = new Set<string>()
  const symbols = new Set([...staging.symbols(), ...actions.map(({ symbol }) => symbol)])
  refuseNothing(staging.rows + actions.length, files, refusals)
  await nameSymbols(client, staging.symbols(), symbols, format)
  const bars = await storeBars(client, {
    seconds: format.seconds,
    source: format.source,
    replace,
    mayRepeat: staging.mayRepeat,
    onRefused: (number, reason, symbol, date) => {
      const place = placeOf(number, files)
      if (withActions.has(rowOf(place))) refusedWithActions.add(rowOf(place))
      refusals.add(reason, place, `${symbol} ${date}`)
    },
  })
  // A row is refused as a whole: a split of one source beside the prices of another would adjust them twice, or wrongly.
  const taken = actions.filter(({ place }) => !refusedWithActions.has(rowOf(place)))
  const stored = await storeActions(client, taken, {
    source: format.source,
    replace,
    onRefused: (place, reason, found) => refusals.add(reason, place, found),
  })
  const report = {
    source: format.source,
    dryRun,
    seconds: format.seconds,
    files: reading.files,
    symbols: symbols.size,
    firstDate: staging.firstDate,
    lastDate: staging.lastDate,
    bars,
    actions: stored,
    refused: { rows: refusals.rows, reasons: refusals.list() },
  }
  await client.query("INSERT INTO imports (kind, source, files, report) VALUES ('bars', $1, $2, $3)", [
    format.source,
    files,
    JSON.stringify(report),
  ])
  return report
}

const rowOf = ({ file, line }: Place) => `${line} ${file}`

/** Reads files into the staging table, and corporate actions into memory. */
class Reading {
  readonly refusals = new Refusals()
  readonly actions: Action[] = []
  readonly files: BarsImportReport['files'] = []
  readonly #format: BarFormat
  readonly #staging: Staging
  readonly #readDate: ReturnType<typeof dateReader>

  constructor(format: BarFormat, staging: Staging) {
    this.#format = format
    this.#staging = staging
    const { dateFormat, calendar, seconds, stamp } = format
    const market = calendarOf(calendar)
    if (!market) throw new Error(`no calendar ${calendar}`)
    this.#readDate = dateReader({ dateFormat, zone: market.zone, seconds, stamp })
  }

  async file(file: string, number: number, onBytes: (bytes: number) => void): Promise<void> {
    let columns: FileColumns | undefined
    let read: ((line: string, lineNumber: number) => void) | undefined
    let rows = 0
    for await (const { first, lines } of readLines(file, onBytes)) {
      for (const [index, line] of lines.entries()) {
        if (line === '') continue
        if (read) {
          rows++
          read(line, first + index)
        } else {
          columns = columnsOf(file, line, this.#format)
          read = this.#rowsOf(file, number, columns)
        }
      }
      await this.#staging.send()
    }
    if (!columns)
      throw new FeedError(`${file}: expected a header and rows, found an empty file. Check the path.`, { code: 'import-nothing' })
    this.files.push({ file, rows, unreadColumns: columns.unread })
  }

  #rowsOf(file: string, number: number, columns: FileColumns): (line: string, lineNumber: number) => void {
    const reader = rowReader(columns, this.#readDate, this.#format.symbol)
    const { bar } = reader
    return (text, line) => {
      const refused = reader.read(text)
      if (refused) {
        this.refusals.add(refused.expected, { file, line }, refused.found)
        return
      }
      if (columns.hasBars) this.#staging.add(bar, number, line)
      if (bar.dividend > 0) this.#act('dividend', bar.dividend, { file, line }, bar)
      if (bar.split !== 1) this.#act('split', bar.split, { file, line }, bar)
    }
  }

  #act(kind: Action['kind'], value: number, place: Action['place'], { symbol, time }: { symbol: string; time: { date: string } }): void {
    this.actions.push({ kind, value, place, symbol, exDate: time.date })
  }
}

function refuseNothing(taken: number, files: readonly string[], refusals: Refusals): void {
  if (taken > 0) return
  const [worst] = refusals.list()
  const [example] = worst?.examples ?? []
  const why =
    worst && example
      ? `${refusals.rows.toLocaleString('en-US')} rows were refused; ${example.file}:${example.line}: expected ${worst.reason}, found ${JSON.stringify(example.found)}`
      : 'found none'
  throw new FeedError(`${files.join(', ')}: expected rows of bars or of corporate actions, ${why}. Nothing was imported.`, {
    code: 'import-nothing',
  })
}

async function sizeOf(files: readonly string[]): Promise<number> {
  let total = 0
  for (const file of files) {
    const { size } = await stat(file).catch((cause: NodeJS.ErrnoException) => {
      throw new FeedError(`${file} cannot be read (${cause.code}). Check the path.`, { code: 'import-unreadable', cause })
    })
    total += size
  }
  return total
}
