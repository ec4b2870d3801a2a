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

/** As a run reads it: the bar by itself, so that it can be handed on as it is. */
export interface RunBar {
  instrument: number
  endUs: number
  bar: Bar
}

const COLUMNS = ['instrument', 'startUs', 'endUs', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const
const END_US = COLUMNS.indexOf('endUs')

export function encodeBars(bars: readonly InstrumentBar[]): Buffer {
  const json = JSON.stringify({ bars: bars.length, columns: COLUMNS })
  const head = Buffer.from(`${json}${' '.repeat((8 - ((json.length + 1) % 8)) % 8)}\n`)
  const numbers = new Float64Array(bars.length * COLUMNS.length)
  for (const [column, name] of COLUMNS.entries())
    for (const [row, bar] of bars.entries()) numbers[column * bars.length + row] = bar[name] ?? Number.NaN
  return Buffer.concat([head, Buffer.from(numbers.buffer)])
}

/** Bars as they lie in the file, so that several threads can read one copy: column after column. */
export interface BarColumns {
  count: number
  numbers: Float64Array
}

/** @throws FeedError unless the bytes are such a file, whole */
function columnsIn(bytes: Buffer, path: string, memory: (size: number) => ArrayBufferLike): BarColumns {
  const at = bytes.indexOf('\n') + 1
  let count: number | undefined
  try {
    count = (JSON.parse(bytes.toString('utf8', 0, at)) as { bars?: number }).bars
  } catch {
    count = undefined
  }
  if (count === undefined || bytes.length !== at + count * COLUMNS.length * 8) throw damaged(path)
  const copy = new Uint8Array(memory(bytes.length - at))
  copy.set(bytes.subarray(at))
  return { count, numbers: new Float64Array(copy.buffer) }
}

/** The bars of some rows, made anew by each call. */
export function barsIn({ count, numbers }: BarColumns, from: number, to: number): RunBar[] {
  const bars: RunBar[] = []
  for (let row = from; row < to; row++) {
    const vwap = numbers[8 * count + row] as number
    bars.push({
      instrument: numbers[row] as number,
      endUs: numbers[2 * count + row] as number,
      bar: {
        startUs: numbers[count + row] as number,
        open: numbers[3 * count + row] as number,
        high: numbers[4 * count + row] as number,
        low: numbers[5 * count + row] as number,
        close: numbers[6 * count + row] as number,
        volume: numbers[7 * count + row] as number,
        vwap: Number.isNaN(vwap) ? undefined : vwap,
        trades: numbers[9 * count + row] as number,
      },
    })
  }
  return bars
}

/** @throws FeedError unless the bytes are such a file, whole */
export function decodeBars(bytes: Buffer, path: string): InstrumentBar[] {
  const columns = columnsIn(bytes, path, (size) => new ArrayBuffer(size))
  return barsIn(columns, 0, columns.count).map(({ instrument, endUs, bar }) => ({ instrument, endUs, ...bar }))
}

/** Where the bars of the moment end that the row before `end` belongs to. */
export function endOfMoment({ count, numbers }: BarColumns, end: number): number {
  const endUs = (row: number) => numbers[END_US * count + row]
  let at = Math.min(end, count)
  while (at < count && endUs(at) === endUs(at - 1)) at++
  return at
}

export async function readBars(path: string): Promise<InstrumentBar[]> {
  return decodeBars(await readFile(path).catch(unreadable(path)), path)
}

/** In memory that other threads can be given without a copy. */
export async function readSharedBars(path: string): Promise<BarColumns> {
  return columnsIn(await readFile(path).catch(unreadable(path)), path, (size) => new SharedArrayBuffer(size))
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
