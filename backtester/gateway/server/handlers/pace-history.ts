/** How often requests for short bars and for ticks are answered: they count together. */

import { historyText } from '../../history/history.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { Client } from '../client.ts'

/** What makes a request the same as another one: all of its fields but its id. */
interface PacedHistory {
  reqId: number
  query: ContractQuery
  whatToShow: string
}

/** @throws RequestError 162 for requests that come too often. */
export function paceHistory(request: PacedHistory, conId: number, { host }: Client): void {
  const { historyPacing, limits } = host
  if (!limits.historyPacing) return
  const { reqId, whatToShow } = request
  const series = `${conId} ${request.query.exchange} ${whatToShow}`
  const whole = JSON.stringify({ ...request, reqId: 0, query: conId })
  const weight = whatToShow === 'BID_ASK' ? 2 : 1
  if (!historyPacing.take(whole, series, weight, performance.now()))
    throw new RequestError(Code.historyRefused, reqId, historyText('Historical data request pacing violation'))
}
