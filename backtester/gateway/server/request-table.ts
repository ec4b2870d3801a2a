/** Finds the handler of a message by its number. */

import { Code, NO_REQUEST } from '../protocol/codes.ts'
import { FieldReader, RequestError } from '../protocol/field-reader.ts'
import type { RequestHandler } from './handlers/handler.ts'

/** One message, read. */
export interface ReadRequest {
  handler: RequestHandler
  request: object
}

export class RequestTable {
  readonly #byId = new Map<number, RequestHandler>()

  /** @throws RangeError when two handlers have one number. */
  constructor(handlers: readonly RequestHandler[]) {
    for (const handler of handlers) {
      const other = this.#byId.get(handler.id)
      if (other)
        throw new RangeError(`Message ${handler.id} is handled twice: by ${other.name} and by ${handler.name}. Remove one of them.`)
      this.#byId.set(handler.id, handler)
    }
  }

  /**
   * Reads one message.
   *
   * @throws RequestError 320 when it is none that IB knows or a field is missing or unreadable, 322 when a value makes no sense.
   */
  read(fields: readonly string[], serverVersion: number): ReadRequest {
    const reader = new FieldReader(fields, serverVersion)
    const id = reader.integer('message id')
    const handler = this.#byId.get(id)
    if (!handler) throw new RequestError(Code.badRequest, NO_REQUEST, `Expected a message id of IB's protocol, found ${id}`)
    return { handler, request: handler.read(reader) }
  }
}
