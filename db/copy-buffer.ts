/**
 * Rows in PostgreSQL's binary COPY format, appended to a growing buffer: a signature, for each row its count of fields,
 * for each field a big-endian int32 length (-1: null) and the value; at the end a count of -1.
 */

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const TRAILER = Buffer.from([0xff, 0xff])
const INT8_OID = 20
const TWO_TO_32 = 4_294_967_296
/** 2000-01-01 UTC, from which PostgreSQL counts, in microseconds since 1970: the difference of two times can need more than 53 bits. */
const EPOCH_2000_US = 946_684_800_000_000
const EPOCH_HIGH = Math.floor(EPOCH_2000_US / TWO_TO_32)
const EPOCH_LOW = EPOCH_2000_US - EPOCH_HIGH * TWO_TO_32
/** Room for all fields of a row except texts. */
const MAX_FIXED_BYTES = 256

/**
 * Rows to a COPY. From PostgreSQL 17 on, COPY notes every row that it buffers in a hash table under one and the same hash, so that
 * its cost grows with their square; three COPYs of a third of a batch together are a fifth faster than one.
 */
const PART_ROWS = 350

export class CopyBuffer {
  rows = 0
  #bytes: Buffer
  #view: DataView
  #at = SIGNATURE.length
  /** Where each part begins. */
  readonly #parts: number[] = []

  constructor(capacity = 1 << 12) {
    this.#bytes = Buffer.alloc(capacity)
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset)
    SIGNATURE.copy(this.#bytes)
  }

  /** Forgets all rows. */
  clear(): void {
    this.rows = 0
    this.#at = SIGNATURE.length
    this.#parts.length = 0
  }

  /** The whole of what COPY … FROM STDIN BINARY expects; a view that holds until the next row. */
  finish(): Buffer {
    this.#view.setInt16(this.#at, -1)
    return this.#bytes.subarray(0, this.#at + TRAILER.length)
  }

  /** The same as several COPYs, which are faster than one; views that hold until the next row. */
  parts(): CopyPart[] {
    return this.#parts.map((start, i) => [SIGNATURE, this.#bytes.subarray(start, this.#parts[i + 1] ?? this.#at), TRAILER])
  }

  /** Begins a row; append exactly `fields` fields to it. */
  row(fields: number): void {
    this.#reserve(MAX_FIXED_BYTES)
    if (this.rows % PART_ROWS === 0) this.#parts.push(this.#at)
    this.#view.setInt16(this.#at, fields)
    this.#at += 2
    this.rows++
  }

  null(): void {
    this.#view.setInt32(this.#at, -1)
    this.#at += 4
  }

  boolean(value: boolean): void {
    this.#view.setInt32(this.#at, 1)
    this.#bytes[this.#at + 4] = value ? 1 : 0
    this.#at += 5
  }

  /** An int8 of a safe integer. */
  integer(value: number): void {
    const high = Math.floor(value / TWO_TO_32)
    this.#int8(high, value - high * TWO_TO_32)
  }

  /** An int8 whose bits these are. */
  bits(high: number, low: number): void {
    this.#int8(high | 0, low >>> 0)
  }

  /** An int2. */
  smallint(value: number): void {
    this.#view.setInt32(this.#at, 2)
    this.#view.setInt16(this.#at + 4, value)
    this.#at += 6
  }

  /** A bigint[] of safe integers, at least one. */
  integers(values: readonly number[]): void {
    this.#reserve(values.length * 12 + MAX_FIXED_BYTES)
    const view = this.#view
    const at = this.#at
    view.setInt32(at, 20 + values.length * 12)
    // One dimension, no nulls, of int8, so many from index 1 on.
    for (const [i, head] of [1, 0, INT8_OID, values.length, 1].entries()) view.setInt32(at + 4 + 4 * i, head)
    this.#at = at + 24
    for (const value of values) this.integer(value)
  }

  /** A timestamptz of microseconds since 1970 UTC, a safe integer. */
  time(tsUs: number): void {
    const high = Math.floor(tsUs / TWO_TO_32)
    const low = tsUs - high * TWO_TO_32 - EPOCH_LOW
    if (low < 0) this.#int8(high - EPOCH_HIGH - 1, low + TWO_TO_32)
    else this.#int8(high - EPOCH_HIGH, low)
  }

  /** A float8; NaN is null. */
  float(value: number): void {
    if (value !== value) {
      this.null()
      return
    }
    const at = this.#at
    this.#view.setInt32(at, 8)
    this.#view.setFloat64(at + 4, value)
    this.#at = at + 12
  }

  text(value: string | undefined): void {
    if (value === undefined) {
      this.null()
      return
    }
    this.#reserve(value.length * 3 + MAX_FIXED_BYTES)
    const length = this.#bytes.write(value, this.#at + 4, 'utf8')
    this.#view.setInt32(this.#at, length)
    this.#at += 4 + length
  }

  /** A jsonb of JSON text. */
  jsonb(json: string): void {
    this.#reserve(json.length * 3 + MAX_FIXED_BYTES)
    // The version of jsonb's binary form.
    this.#bytes[this.#at + 4] = 1
    const length = 1 + this.#bytes.write(json, this.#at + 5, 'utf8')
    this.#view.setInt32(this.#at, length)
    this.#at += 4 + length
  }

  #int8(high: number, low: number): void {
    const view = this.#view
    const at = this.#at
    view.setInt32(at, 8)
    view.setInt32(at + 4, high)
    view.setUint32(at + 8, low)
    this.#at = at + 12
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes + TRAILER.length
    if (needed <= this.#bytes.length) return
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, needed))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer, grown.byteOffset)
  }
}

/** What one COPY expects, in pieces. */
export type CopyPart = readonly Buffer[]

/** The rows of finished COPY data as positions: row i lies in [offsets[i], offsets[i + 1]). */
export function rowOffsets(copy: Buffer): number[] {
  const offsets = [SIGNATURE.length]
  for (let at = SIGNATURE.length, fields = copy.readInt16BE(at); fields >= 0; fields = copy.readInt16BE(at)) {
    at += 2
    for (let i = 0; i < fields; i++) at += 4 + Math.max(0, copy.readInt32BE(at))
    offsets.push(at)
  }
  return offsets
}

/** COPY data of some of the rows: the bytes from `start` to `end`, which are positions of rows. */
export function sliceRows(copy: Buffer, start: number, end: number): Buffer {
  return Buffer.concat([SIGNATURE, copy.subarray(start, end), TRAILER])
}

/** The int8 of these two halves as a number. */
export function integerOf(high: number, low: number): number {
  return high * TWO_TO_32 + low
}

/** The timestamptz of these two halves as microseconds since 1970 UTC. */
export function timeOf(high: number, low: number): number {
  return (high + EPOCH_HIGH) * TWO_TO_32 + (low + EPOCH_LOW)
}
