/** Reads the fields of one message in order, and says which one was missing or unreadable. */

import { Code, NO_REQUEST } from './codes.ts'

/** A request that is answered with an error message; the connection goes on. */
export class RequestError extends Error {
  readonly code: number
  readonly reqId: number

  constructor(code: number, reqId: number, message: string) {
    // It may quote what a client wrote, of any length.
    super(message.slice(0, MAX_MESSAGE))
    this.code = code
    this.reqId = reqId
  }
}

const INT32_MAX = 0x7fffffff
const MAX_MESSAGE = 500
const INTEGER = /^-?\d{1,10}$/
const DECIMAL = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Hands out fields in order; its errors name the field and, once known, the request. An unset number is empty, 0 or the largest double. */
export class FieldReader {
  readonly #fields: readonly string[]
  readonly #message: string
  /** What the client and the gateway settled on: some messages gained or lost fields over time. */
  readonly serverVersion: number
  #at = 0
  #reqId = NO_REQUEST

  constructor(fields: readonly string[], serverVersion: number) {
    this.#fields = fields
    this.serverVersion = serverVersion
    this.#message = (fields[0] ?? '').slice(0, 20)
  }

  text(name: string): string {
    const field = this.#fields[this.#at++]
    if (field === undefined)
      throw new RequestError(Code.badRequest, this.#reqId, `Field ${this.#at} (${name}) of message ${this.#message} is missing`)
    return field
  }

  /** The field at a position of the message, whatever was read so far; undefined when it is missing. */
  peek(position: number): string | undefined {
    return this.#fields[position]
  }

  /** The request id at a position, for messages of which nothing else is read; NO_REQUEST when there is none. */
  idAt(position: number | undefined): number {
    const reqId = Number(position === undefined ? Number.NaN : this.#fields[position])
    return Number.isInteger(reqId) && Math.abs(reqId) <= INT32_MAX ? reqId : NO_REQUEST
  }

  skip(name: string): void {
    this.text(name)
  }

  integer(name: string): number {
    const text = this.text(name)
    const value = Number(text)
    if (!INTEGER.test(text) || Math.abs(value) > INT32_MAX) throw this.#unreadable(name, 'a whole number of 32 bits', text)
    return value
  }

  reqId(): number {
    this.#reqId = this.integer('request id')
    return this.#reqId
  }

  /** A number, or undefined when it is unset. */
  decimal(name: string): number | undefined {
    const text = this.text(name)
    if (text === '') return undefined
    const value = Number(text)
    if (!DECIMAL.test(text) || !Number.isFinite(value)) throw this.#unreadable(name, 'a number', text)
    return value === 0 || value === Number.MAX_VALUE || value === INT32_MAX ? undefined : value
  }

  flag(name: string): boolean {
    const text = this.text(name).toLowerCase()
    if (!['', '0', '1', 'false', 'true'].includes(text)) throw this.#unreadable(name, '0 or 1', text)
    return text === '1' || text === 'true'
  }

  invalid(name: string, expected: string, found: string): RequestError {
    return this.#error(Code.failedRequest, name, expected, found)
  }

  #unreadable(name: string, expected: string, found: string): RequestError {
    return this.#error(Code.badRequest, name, expected, found)
  }

  #error(code: number, name: string, expected: string, found: string): RequestError {
    return new RequestError(
      code,
      this.#reqId,
      `Field ${this.#at} (${name}) of message ${this.#message}: expected ${expected}, found ${JSON.stringify(found.slice(0, 40))}`,
    )
  }
}
