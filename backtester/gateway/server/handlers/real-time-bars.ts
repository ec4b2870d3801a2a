/** reqRealTimeBars: bars of 5 seconds from here on, each when its time is over. IB ignores the bar size. */

import { REAL_TIME_BAR_SECONDS, RealTimeBarLine } from '../../book/real-time-bars.ts'
import { barSeries } from '../../history/bar-series.ts'
import { historyText } from '../../history/history.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'
import { refuseTakenId } from './line-ids.ts'

interface RealTimeBarsRequest {
  reqId: number
  query: ContractQuery
  whatToShow: string
  useRth: boolean
}

const SHOWN: ReadonlySet<string> = new Set(['TRADES', 'MIDPOINT', 'BID', 'ASK'])
const US_PER_SECOND = 1_000_000

export const realTimeBars: RequestHandler<RealTimeBarsRequest> = {
  id: 50,
  name: 'real-time-bars',
  read(reader) {
    reader.skip('version')
    const reqId = reader.reqId()
    const query = readTradable(reader, reqId)
    reader.skip('barSize')
    return { reqId, query, whatToShow: reader.text('whatToShow').toUpperCase(), useRth: reader.flag('useRTH') }
  },
  answer({ reqId, query, whatToShow, useRth }, client) {
    const { host } = client
    refuseTakenId(reqId, client)
    const listed = findOne(query, reqId, client)
    const series = SHOWN.has(whatToShow)
      ? barSeries({
          whatToShow,
          useRth,
          seconds: REAL_TIME_BAR_SECONDS,
          hours: listed.hours,
          untilUs: Number.POSITIVE_INFINITY,
          dateOf: (startUs) => String(startUs / US_PER_SECOND),
        })
      : undefined
    if (!series)
      throw new RequestError(Code.failedRequest, reqId, `Expected TRADES, MIDPOINT, BID or ASK to show, found ${whatToShow.slice(0, 40)}`)
    if (client.realTimeBars.size >= host.maxLines)
      throw new RequestError(Code.tooManyLines, reqId, 'Max number of tickers has been reached')
    if (host.hasEnded) throw new RequestError(Code.historyRefused, reqId, historyText('The tape has ended, so that no bars can follow'))
    const line = new RealTimeBarLine(reqId, listed, series, host.sampler.realTimeSteps, client)
    client.realTimeBars.set(reqId, line)
    host.sampler.openBars(line)
  },
}
