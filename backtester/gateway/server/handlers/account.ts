/**
 * Requests of an account. They are answered as one without orders, trades or positions would be, since clients ask for them as they
 * connect and wait.
 */

import { ACCOUNT } from '../../protocol/codes.ts'
import type { FieldReader } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/messages.ts'
import type { RequestHandler } from './handler.ts'

/** The message that ends the answer. Without `fields` IB answers nothing. */
interface EmptyAnswer {
  /** Position of the request id, which the answer repeats. */
  idAt?: number
  fields?: readonly (string | number)[]
  /** Position of the flag that is 0 when the client unsubscribes, which is answered with nothing. */
  flagAt?: number
}

export const EMPTY_ANSWERS: ReadonlyMap<number, EmptyAnswer> = new Map<number, EmptyAnswer>([
  // reqOpenOrders, reqAccountUpdates, reqExecutions, reqIds
  [5, { fields: [53, 1] }],
  [6, { fields: [54, 1, ACCOUNT], flagAt: 2 }],
  [7, { idAt: 2, fields: [55, 1] }],
  [8, { fields: [9, 1, 1] }],
  // News bulletins, cancelling them, setServerLogLevel, reqAutoOpenOrders
  [12, {}],
  [13, {}],
  [14, {}],
  [15, {}],
  // reqAllOpenOrders, reqManagedAccts
  [16, { fields: [53, 1] }],
  [17, { fields: [15, 1, ACCOUNT] }],
  // Account summary, positions of a model, account updates of a model, each with its cancel; cancelPositions
  [62, { idAt: 2, fields: [64, 1] }],
  [63, {}],
  [64, {}],
  [74, { idAt: 2, fields: [72, 1] }],
  [75, {}],
  [76, { idAt: 2, fields: [74, 1] }],
  [77, {}],
  // reqCompletedOrders
  [99, { fields: [102] }],
])

/** Answered with these fields, or not at all. */
interface EmptyRequest {
  fields: readonly (string | number)[] | undefined
}

export const accountRequests: readonly RequestHandler<EmptyRequest>[] = [...EMPTY_ANSWERS].map(([id, empty]) => ({
  id,
  name: 'empty',
  read: (reader) => ({ fields: answerOf(empty, reader) }),
  answer({ fields }, { writer }) {
    if (fields) messages.writeEmptyAnswer(writer, fields)
  },
}))

function answerOf({ fields, flagAt, idAt }: EmptyAnswer, reader: FieldReader): EmptyRequest['fields'] {
  const isCancel = flagAt !== undefined && ['0', 'false'].includes(reader.peek(flagAt)?.toLowerCase() ?? '')
  if (isCancel || !fields) return undefined
  return idAt === undefined ? fields : [...fields, reader.idAt(idAt)]
}
