/**
 * The bytes of one COPY … TO STDOUT as a whole. pg-copy-streams hands them on as they come, at the cost of a view and a note for each row,
 * which is a third of what it takes to read and decode them.
 */

import type { Duplex } from 'node:stream'

import type { Connection, Submittable } from 'pg'

/** Of a message: its code and its length, which counts itself. */
const HEAD_BYTES = 5
const COPY_DATA = 'd'.charCodeAt(0)
const COPY_DONE = 'c'.charCodeAt(0)
const ERROR_RESPONSE = 'E'.charCodeAt(0)

/** The data out of the messages that bring them; other messages among them, such as notices, are left out. */
export class CopiedBytes {
  #bytes = Buffer.allocUnsafe(1 << 20)
  #length = 0
  /** The begin of a message that is not there as a whole. */
  #rest: Buffer | undefined

  /** Takes what the server sent, cut anywhere. Returns what follows the data, from the message that ends it or says that it failed. */
  push(sent: Buffer): Buffer | undefined {
    const chunk = this.#rest ? Buffer.concat([this.#rest, sent]) : sent
    this.#rest = undefined
    this.#reserve(chunk.length)
    let at = 0
    while (at + HEAD_BYTES <= chunk.length) {
      const code = chunk[at]
      if (code === COPY_DONE || code === ERROR_RESPONSE) return chunk.subarray(at)
      const end = at + 1 + chunk.readInt32BE(at + 1)
      if (end > chunk.length) break
      if (code === COPY_DATA) this.#length += chunk.copy(this.#bytes, this.#length, at + HEAD_BYTES, end)
      at = end
    }
    if (at < chunk.length) this.#rest = chunk.subarray(at)
    return undefined
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, needed))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

/** A query, whose methods pg calls while it is active. Until the data ends, what the server sends goes past pg's own parser. */
export class CopyOut implements Submittable {
  readonly #sql: string
  readonly #resolve: (bytes: Buffer) => void
  readonly handleError: (error: Error) => void
  readonly #copied = new CopiedBytes()

  constructor(sql: string, resolve: (bytes: Buffer) => void, reject: (error: Error) => void) {
    this.#sql = sql
    this.#resolve = resolve
    this.handleError = reject
  }

  submit(connection: Connection): void {
    const stream: Duplex = connection.stream
    const parsers = stream.listeners('data') as ((sent: Buffer) => void)[]
    const take = (sent: Buffer): void => {
      const after = this.#copied.push(sent)
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
    this.#resolve(this.#copied.bytes)
  }
}
