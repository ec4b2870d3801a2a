/** Request ids of lines: those that are taken and those that are not known. */

import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { Client } from '../client.ts'

export function unknownId(reqId: number): RequestError {
  return new RequestError(Code.unknownTickerId, reqId, `Can't find EId with tickerId:${reqId}`)
}

/** @throws RequestError 322 when the id is in use. */
export function refuseTakenId(reqId: number, { histories, lines, realTimeBars, tickLines }: Client): void {
  if (lines.has(reqId) || tickLines.has(reqId) || histories.has(reqId) || realTimeBars.has(reqId))
    throw new RequestError(Code.failedRequest, reqId, 'Duplicate ticker id')
}
