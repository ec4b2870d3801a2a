/** Reads the times of requests for history. */

import { parseTime, type WireTime } from '../../history/history-times.ts'
import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/messages.ts'
import type { Client } from '../client.ts'

/**
 * A time of a request; undefined when it is empty. A client that leaves out the zone is warned, as IB does.
 *
 * @throws RequestError 10314 when it is none.
 */
export function readTime(text: string, reqId: number, { writer }: Client): WireTime | undefined {
  const time = text === '' ? undefined : parseTime(text)
  if (text !== '' && !time)
    throw new RequestError(
      Code.invalidTime,
      reqId,
      `The date, time, or time-zone entered is invalid: expected yyyymmdd-hh:mm:ss (UTC) or yyyymmdd hh:mm:ss zone, found ${text}`,
    )
  if (time && !time.isExplicit)
    messages.writeError(
      writer,
      reqId,
      Code.implicitTimeZone,
      'Warning: a time without a time zone was read as US/Eastern: write yyyymmdd-hh:mm:ss for UTC',
    )
  return time
}
