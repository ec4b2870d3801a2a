/** The rows of an import on their way into the database: copied as they are read into a temporary table, which the store then takes them from. */

import type pg from 'pg'

import { CopyBuffer } from '../copy-buffer.ts'
import { copyTables } from '../write/copy-in.ts'
import type { BarRow } from './rows.ts'
import type { Place } from './refusals.ts'

const COLUMNS = ['place', 'symbol', 'day', 'start_ts', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const
/** Within a transaction; gone with its end. Numbers are bigint because that is what a COPY of ours writes. */
const CREATE = `CREATE TEMP TABLE staged_bars (place bigint, symbol bigint, day bigint, start_ts timestamptz, open float8, high float8, low float8,
  close float8, volume float8, vwap float8, trades bigint) ON COMMIT DROP`
const COPY = `COPY staged_bars (${COLUMNS.join(', ')}) FROM STDIN BINARY`
/** Rows sent at once: large enough to cost no time in messages, small enough that reading and copying overlap. */
const SENT_ROWS = 4200
/** A place is the file's number and the line's in one. */
const LINES = 2 ** 33

export class Staging {
  rows = 0
  /** Whether a symbol's rows did not all rise in time: then one may be there twice. */
  mayRepeat = false
  /** Of all rows; undefined while there are none. */
  firstDate: string | undefined
  lastDate: string | undefined
  readonly #client: pg.ClientBase
  #filling = new CopyBuffer(1 << 19)
  #sending = new CopyBuffer(1 << 19)
  #sent: Promise<unknown> = Promise.resolve()
  readonly #symbols = new Map<string, { number: number; latestUs: number }>()
  #latest: { name: string; number: number; latestUs: number } = { name: '', number: 0, latestUs: 0 }

  constructor(client: pg.ClientBase) {
    this.#client = client
  }

  async open(): Promise<void> {
    await this.#client.query(CREATE)
  }

  /** Names of the symbols by their number in `staged_bars`. */
  symbols(): string[] {
    return [...this.#symbols.keys()]
  }

  add(bar: BarRow, fileNumber: number, line: number): void {
    const { symbol, time } = bar
    if (this.firstDate === undefined || time.date < this.firstDate) this.firstDate = time.date
    if (this.lastDate === undefined || time.date > this.lastDate) this.lastDate = time.date
    if (this.#latest.name !== symbol) this.#latest = { name: symbol, ...this.#symbolOf(symbol) }
    const known = this.#latest
    if (time.startUs <= known.latestUs) this.mayRepeat = true
    else known.latestUs = time.startUs
    const entry = this.#symbols.get(symbol)
    if (entry) entry.latestUs = known.latestUs
    const rows = this.#filling
    rows.row(COLUMNS.length)
    rows.integer(fileNumber * LINES + line)
    rows.integer(known.number)
    rows.integer(time.day)
    rows.time(time.startUs)
    rows.float(bar.open)
    rows.float(bar.high)
    rows.float(bar.low)
    rows.float(bar.close)
    rows.float(bar.volume)
    rows.float(bar.vwap)
    if (Number.isNaN(bar.trades)) rows.null()
    else rows.integer(bar.trades)
    this.rows++
  }

  /** Sends what was added once it is enough. Waits while the database is behind. */
  async send(): Promise<void> {
    if (this.#filling.rows >= SENT_ROWS) await this.flush()
  }

  /** Sends what was added. */
  async flush(): Promise<void> {
    await this.#sent
    const full = this.#filling
    this.#filling = this.#sending
    this.#sending = full
    this.#filling.clear()
    this.#sent = copyTables(this.#client, '', [{ copyFrom: COPY, fields: COLUMNS.length, rows: full }], '')
    // Awaited before the next; until then nobody listens.
    this.#sent.catch(() => undefined)
  }

  /** Returns when the database has all rows. */
  async finish(): Promise<void> {
    if (this.#filling.rows > 0) await this.flush()
    await this.#sent
  }

  #symbolOf(name: string): { number: number; latestUs: number } {
    let symbol = this.#symbols.get(name)
    if (!symbol) {
      symbol = { number: this.#symbols.size, latestUs: Number.NEGATIVE_INFINITY }
      this.#symbols.set(name, symbol)
    }
    return symbol
  }
}

/** The file and line of a place. */
export function placeOf(place: number, files: readonly string[]): Place {
  return { file: files[Math.floor(place / LINES)] ?? '', line: place % LINES }
}
