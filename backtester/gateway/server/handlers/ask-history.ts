/** Hands a request to the history of the tape. */

import { type HistoryQuery, historyText } from '../../history/history.ts'
import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { Client } from '../client.ts'

/** @throws RequestError when the id is taken or too many requests are open. */
export function askHistory(query: HistoryQuery, client: Client): void {
  const { reqId, isKept } = query
  const { history, limits } = client.host
  const { histories, realTimeBars, tickLines } = client
  if (histories.has(reqId) || tickLines.has(reqId) || realTimeBars.has(reqId))
    throw new RequestError(Code.failedRequest, reqId, 'Duplicate ticker id')
  if (histories.size >= limits.openHistories)
    throw new RequestError(Code.historyRefused, reqId, historyText(`Only ${limits.openHistories} requests may be open at once`))
  // What follows an answer begins where it ends: the tape waits for it.
  history.ask(isKept ? { ...query, done: client.host.holdTape() } : query, client)
}
