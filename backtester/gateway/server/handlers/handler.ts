/** The shape of a request: how its message is read and how it is answered. A new request is one file and one line in index.ts. */

import type { FieldReader } from '../../protocol/field-reader.ts'
import type { Client } from '../client.ts'

export interface RequestHandler<T extends object = object> {
  /** IB's number of the message. */
  readonly id: number
  /** kebab-case; requests that are answered alike share one. */
  readonly name: string
  /** IB does not answer it. */
  readonly isOneWay?: true
  /**
   * Reads the fields behind the number. Fields behind the ones known here are ignored, as newer clients add some.
   *
   * @throws RequestError 320 when a field is missing or unreadable, 322 when a value makes no sense.
   */
  read(reader: FieldReader): T
  /**
   * Writes the answer, or has it written later.
   *
   * @throws RequestError when the answer is an error message.
   */
  answer(request: T, client: Client): void
}
