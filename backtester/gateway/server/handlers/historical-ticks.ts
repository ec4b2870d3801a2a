/** reqHistoricalTicks: ticks of the past. Times are as the client wrote them, empty when it left them out. */

import { MAX_TICKS, ticksQuery } from '../../history/ticks-query.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import { askHistory } from './ask-history.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'
import { paceHistory } from './pace-history.ts'
import { readTime } from './request-time.ts'

interface HistoricalTicksRequest {
  reqId: number
  query: ContractQuery
  start: string
  end: string
  count: number
  whatToShow: string
  /** Only what happened in regular trading hours. */
  useRth: boolean
  ignoreSize: boolean
}

export const historicalTicks: RequestHandler<HistoricalTicksRequest> = {
  id: 96,
  name: 'historical-ticks',
  read(reader) {
    const reqId = reader.reqId()
    const query = readTradable(reader, reqId)
    reader.skip('includeExpired')
    const [start, end] = [reader.text('startDateTime'), reader.text('endDateTime')]
    const count = reader.integer('numberOfTicks')
    const whatToShow = reader.text('whatToShow').toUpperCase()
    const useRth = reader.flag('useRth')
    return { reqId, query, start, end, count, whatToShow, useRth, ignoreSize: reader.flag('ignoreSize') }
  },
  answer(request, client) {
    const { reqId, query, count, whatToShow } = request
    const listed = findOne(query, reqId, client)
    const start = readTime(request.start, reqId, client)
    const end = readTime(request.end, reqId, client)
    if (!start && !end) throw new RequestError(Code.failedRequest, reqId, 'Please enter a start or an end time of the historical ticks')
    if (count < 1) throw new RequestError(Code.failedRequest, reqId, `Expected 1 to ${MAX_TICKS} ticks, found ${count}`)
    const toUs = Math.min(client.host.nowUs, (end?.tsUs ?? Number.POSITIVE_INFINITY) - 1)
    const ticks = ticksQuery({ ...request, listed, fromUs: start?.tsUs ?? 0, toUs, isFirst: start !== undefined })
    if (!ticks) throw new RequestError(Code.failedRequest, reqId, `Expected TRADES, BID_ASK or MIDPOINT to show, found ${whatToShow}`)
    paceHistory(request, listed.conId, client)
    askHistory(ticks, client)
  },
}
