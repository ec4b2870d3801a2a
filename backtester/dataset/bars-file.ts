/**
 * Bars in a file of columns, read in one go: a line of JSON (their number), padded to 8 bytes, then one column of float64 after the other, little-endian.
 * NaN stands for an absent figure.
 */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import type { Bar } from '../../market/bar.ts'
import { FeedError } from '../../market/errors.ts'

/** A bar of an instrument, with the moment from which on it is known. */
export interface InstrumentBar extends Bar {
  instrument: number
  /** First microsecond behind it: of a day, the close of the session. */
  endUs: number
}

const COLUMNS = ['instrument', 'startUs', 'endUs', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const
const START_US = COLUMNS.indexOf('startUs')
const END_US = COLUMNS.indexOf('endUs')

export function encodeBars(bars: readonly InstrumentBar[]): Buffer {
  const json = JSON.stringify({ bars: bars.length, columns: COLUMNS })
  const head = Buffer.from(`${json}${' '.repeat((8 - ((json.length + 1) % 8)) % 8)}\n`)
  return Buffer.concat([head, Buffer.from(columnsOf(bars).numbers.buffer)])
}

/** Bars as they lie in the file, column after column. Those of a file are in memory that other threads can be given without a copy. */
export interface BarColumns {
  count: number
  numbers: Float64Array
}

export function columnsOf(bars: readonly InstrumentBar[]): BarColumns {
  const count = bars.length
  const numbers = new Float64Array(count * COLUMNS.length)
  for (const [column, name] of COLUMNS.entries())
    for (const [row, bar] of bars.entries()) numbers[column * count + row] = bar[name] ?? Number.NaN
  return { count, numbers }
}

/** @throws FeedError unless the bytes are such a file, whole */
export function decodeBars(bytes: Buffer, path: string): BarColumns {
  const at = bytes.indexOf('\n') + 1
  let count: number | undefined
  try {
    count = (JSON.parse(bytes.toString('utf8', 0, at)) as { bars?: number }).bars
  } catch {
    count = undefined
  }
  if (count === undefined || bytes.length !== at + count * COLUMNS.length * 8) throw damaged(path)
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length - at))
  copy.set(bytes.subarray(at))
  return { count, numbers: new Float64Array(copy.buffer) }
}

/**
 * Some rows of columns. A bar is made as it is asked for: those of a chunk at once would all be alive when memory is cleared up, which copies
 * what is alive.
 */
export class BarRows {
  readonly #columns: BarColumns
  readonly #rows: Uint32Array

  private constructor(columns: BarColumns, rows: Uint32Array) {
    this.#columns = columns
    this.#rows = rows
  }

  static readonly none = new BarRows({ count: 0, numbers: new Float64Array() }, new Uint32Array())

  /** From one row to before another; of all where none is named. */
  static of(columns: BarColumns, from = 0, to = columns.count): BarRows {
    const rows = new Uint32Array(to - from)
    for (let i = 0; i < rows.length; i++) rows[i] = from + i
    return new BarRows(columns, rows)
  }

  get length(): number {
    return this.#rows.length
  }

  instrument(index: number): number {
    return this.#columns.numbers[this.#rows[index] as number] as number
  }

  startUs(index: number): number {
    const { count, numbers } = this.#columns
    return numbers[START_US * count + (this.#rows[index] as number)] as number
  }

  /** NaN outside. */
  endUs(index: number): number {
    const { count, numbers } = this.#columns
    return index < this.#rows.length ? (numbers[END_US * count + (this.#rows[index] as number)] as number) : Number.NaN
  }

  *[Symbol.iterator](): Generator<InstrumentBar> {
    for (let i = 0; i < this.length; i++) yield { instrument: this.instrument(i), endUs: this.endUs(i), ...this.bar(i) }
  }

  /** A new object with each call. */
  bar(index: number): Bar {
    const { count, numbers } = this.#columns
    const row = this.#rows[index] as number
    const vwap = numbers[8 * count + row] as number
    return {
      startUs: numbers[START_US * count + row] as number,
      open: numbers[3 * count + row] as number,
      high: numbers[4 * count + row] as number,
      low: numbers[5 * count + row] as number,
      close: numbers[6 * count + row] as number,
      volume: numbers[7 * count + row] as number,
      vwap: Number.isNaN(vwap) ? undefined : vwap,
      trades: numbers[9 * count + row] as number,
    }
  }

  /** Those from one to before another. */
  between(from: number, to: number): { instrument: number; bar: Bar }[] {
    return Array.from({ length: to - from }, (_, i) => ({ instrument: this.instrument(from + i), bar: this.bar(from + i) }))
  }

  where(keeps: (index: number) => boolean): BarRows {
    return new BarRows(
      this.#columns,
      this.#rows.filter((_, index) => keeps(index)),
    )
  }
}

/** Where the bars of the moment end that the row before `end` belongs to. */
export function endOfMoment({ count, numbers }: BarColumns, end: number): number {
  const endUs = (row: number) => numbers[END_US * count + row]
  let at = Math.min(end, count)
  while (at < count && endUs(at) === endUs(at - 1)) at++
  return at
}

export async function readBars(path: string): Promise<BarColumns> {
  return decodeBars(await readFile(path).catch(unreadable(path)), path)
}

export async function hashOfFile(path: string): Promise<string> {
  return hashOfBytes(await readFile(path).catch(unreadable(path)))
}

export function hashOfBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function unreadable(path: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    throw new FeedError(`${path} cannot be read (${cause.code}). Make the dataset again.`, { code: 'dataset-damaged', cause })
  }
}

function damaged(path: string): FeedError {
  return new FeedError(`${path} is damaged: it is no file of bars, or not all of one. Make the dataset again.`, { code: 'dataset-damaged' })
}
