/**
 * Rows in PostgreSQL's binary COPY format, appended to a growing buffer: a signature, for each row its count of fields,
 * for each field a big-endian int32 length (-1: null) and the value; at the end a count of -1.
 */

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const TRAILER_BYTES = 2
const TWO_TO_32 = 4_294_967_296
/** 2000-01-01 UTC, from which PostgreSQL counts, in microseconds since 1970: the difference of two times can need more than 53 bits. */
const EPOCH_2000_US = 946_684_800_000_000
const EPOCH_HIGH = Math.floor(EPOCH_2000_US / TWO_TO_32)
const EPOCH_LOW = EPOCH_2000_US - EPOCH_HIGH * TWO_TO_32
/** Of all fields of a row that are no text. */
const MAX_FIXED_BYTES = 256

export class CopyBuffer {
  rows = 0
  #bytes: Buffer
  #view: DataView
  #at = SIGNATURE.length

  constructor(capacity = 1 << 12) {
    this.#bytes = Buffer.alloc(capacity)
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset)
    SIGNATURE.copy(this.#bytes)
  }

  /** Forgets all rows. */
  clear(): void {
    this.rows = 0
    this.#at = SIGNATURE.length
  }

  /** The whole of what COPY … FROM STDIN BINARY expects; a view that holds until the next row. */
  finish(): Buffer {
    this.#view.setInt16(this.#at, -1)
    return this.#bytes.subarray(0, this.#at + TRAILER_BYTES)
  }

  /** Begins a row; append exactly `fields` fields to it. */
  row(fields: number): void {
    this.#reserve(MAX_FIXED_BYTES)
    this.#view.setInt16(this.#at, fields)
    this.#at += 2
    this.rows++
  }

  null(): void {
    this.#view.setInt32(this.#at, -1)
    this.#at += 4
  }

  /** An int8 of a safe integer. */
  integer(value: number): void {
    const high = Math.floor(value / TWO_TO_32)
    this.#int8(high, value - high * TWO_TO_32)
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
    const needed = this.#at + bytes + TRAILER_BYTES
    if (needed <= this.#bytes.length) return
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, needed))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer, grown.byteOffset)
  }
}

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
  return Buffer.concat([SIGNATURE, copy.subarray(start, end), Buffer.from([0xff, 0xff])])
}

/** The int8 of these two halves as a number. */
export function integerOf(high: number, low: number): number {
  return high * TWO_TO_32 + low
}

/** The timestamptz of these two halves as microseconds since 1970 UTC. */
export function timeOf(high: number, low: number): number {
  return (high + EPOCH_HIGH) * TWO_TO_32 + (low + EPOCH_LOW)
}
