/**
 * The rows of one COPY … TO STDOUT BINARY as a whole, in one piece of memory. pg-copy-streams hands bytes on as they come, at the cost of a
 * view and a note for each row, which is a third of what it takes to read and decode them.
 */

import type { Duplex } from 'node:stream'

import type { Connection, Submittable } from 'pg'

/** Of a message: its code and its length, which counts itself. */
const HEAD_BYTES = 5
const COPY_DATA = 'd'.charCodeAt(0)
const COPY_DONE = 'c'.charCodeAt(0)
const ERROR_RESPONSE = 'E'.charCodeAt(0)

/** In front of the first row. */
const SIGNATURE_BYTES = 19
/** In place of the first row's count of fields, or behind the last row: there is none. */
const COUNT_BYTES = 2

/**
 * What the server sent as it came, and where its rows are: it sends each in a message of its own, the first one behind the signature.
 * The memory can be used again.
 */
export class CopiedRows {
  #bytes: Buffer = Buffer.allocUnsafe(1 << 20)
  #length = 0
  /** Of the next message. */
  #at = 0
  #isFirst = true
  #starts = new Uint32Array(1 << 12)
  #ends = new Uint32Array(1 << 12)
  /** Rows. */
  count = 0
  /** The server has said that there are no more. */
  ended = false

  /** Takes what the server sent, cut anywhere. Returns what follows the data, from the message that ends it or says that it failed. */
  push(sent: Buffer): Buffer | undefined {
    this.#reserve(sent.length)
    const bytes = this.#bytes
    sent.copy(bytes, this.#length)
    this.#length += sent.length
    while (this.#at + HEAD_BYTES <= this.#length) {
      const at = this.#at
      const code = bytes[at]
      // As a copy: whoever reads it may keep it longer than this memory is kept.
      if (code === COPY_DONE || code === ERROR_RESPONSE) return Buffer.from(bytes.subarray(at, this.#length))
      const end = at + 1 + bytes.readInt32BE(at + 1)
      if (end > this.#length) break
      if (code === COPY_DATA) this.#row(at + HEAD_BYTES, end)
      this.#at = end
    }
    return undefined
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Where the first field of each row begins, in `bytes`. */
  get starts(): Uint32Array {
    return this.#starts.subarray(0, this.count)
  }

  /** Where each row ends. */
  get ends(): Uint32Array {
    return this.#ends.subarray(0, this.count)
  }

  /** Makes room for the rows of another COPY. */
  clear(): this {
    this.#length = 0
    this.#at = 0
    this.#isFirst = true
    this.count = 0
    this.ended = false
    return this
  }

  #row(from: number, end: number): void {
    const start = this.#isFirst ? from + SIGNATURE_BYTES : from
    this.#isFirst = false
    if (this.#bytes.readInt16BE(start) < 0) {
      this.ended = true
      return
    }
    if (this.count === this.#starts.length) {
      this.#starts = twiceAsLong(this.#starts)
      this.#ends = twiceAsLong(this.#ends)
    }
    this.#starts[this.count] = start + COUNT_BYTES
    this.#ends[this.count++] = end
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, needed))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

function twiceAsLong(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(2 * numbers.length)
  grown.set(numbers)
  return grown
}

/** A query, whose methods pg calls while it is active. Until the data ends, what the server sends goes past pg's own parser. */
export class CopyOut implements Submittable {
  readonly #sql: string
  readonly #into: CopiedRows
  readonly #resolve: (rows: CopiedRows) => void
  readonly handleError: (error: Error) => void

  /** @param into is cleared, and nobody else's until it is resolved with */
  constructor(sql: string, into: CopiedRows, resolve: (rows: CopiedRows) => void, reject: (error: Error) => void) {
    this.#sql = sql
    this.#into = into.clear()
    this.#resolve = resolve
    this.handleError = reject
  }

  submit(connection: Connection): void {
    const stream: Duplex = connection.stream
    const parsers = stream.listeners('data') as ((sent: Buffer) => void)[]
    const take = (sent: Buffer): void => {
      const after = this.#into.push(sent)
      if (!after) return
      stream.off('data', take)
      for (const parser of parsers) {
        stream.on('data', parser)
        parser(after)
      }
    }
    for (const parser of parsers) stream.off('data', parser)
    stream.on('data', take)
    connection.query(this.#sql)
  }

  handleCommandComplete(): void {}

  /** Also behind a failure, which was said by then. */
  handleReadyForQuery(): void {
    this.#resolve(this.#into)
  }
}
