/** Requests for bars of the past, and for bars that are kept up to date from there on. */

import { SECONDS_PER_DAY } from '../../../market/bar.ts'
import type { Client } from '../server/answers.ts'
import { BarLine } from '../book/bar-line.ts'
import { barSeries } from './bar-series.ts'
import { Code } from '../protocol/codes.ts'
import { RequestError } from '../protocol/field-reader.ts'
import { readTime } from './historical-ticks.ts'
import { type HistoryQuery, historyText } from './history.ts'
import { barSeconds, dateText, startOfDuration, timeText } from './history-times.ts'
import { findOne } from '../contracts/find-contract.ts'
import * as messages from '../protocol/messages.ts'
import type { HistoricalDataRequest } from '../protocol/requests.ts'

const US_PER_SECOND = 1_000_000
const AS_SECONDS = 2
/** IB keeps no bars up to date that are shorter, and none of bid and ask together. */
const MIN_LIVE_SECONDS = 5

export function historicalBarsQuery(request: HistoricalDataRequest, client: Client): HistoryQuery {
  const { reqId, query, whatToShow, useRth, formatDate, keepUpToDate } = request
  const listed = findOne(query, reqId, client)
  const seconds = barSeconds(request.barSize)
  if (seconds === undefined) throw invalid(reqId, `Expected a bar size from 1 secs to 1 month, found ${request.barSize}`)
  if (keepUpToDate && (request.end !== '' || seconds < MIN_LIVE_SECONDS || whatToShow === 'BID_ASK'))
    throw invalid(reqId, `Bars kept up to date need no end, ${MIN_LIVE_SECONDS} secs or more, and TRADES, MIDPOINT, BID or ASK to show`)
  const { nowUs } = client.host
  const endUs = Math.min(readTime(request.end, reqId, client)?.tsUs ?? Number.POSITIVE_INFINITY, nowUs + 1)
  const startUs = startOfDuration(request.duration, endUs)
  if (startUs === undefined) throw invalid(reqId, `Expected a duration such as 1800 S, 1 D, 1 W, 1 M or 1 Y, found ${request.duration}`)
  const dateOf = (tsUs: number) => {
    if (seconds >= SECONDS_PER_DAY) return dateText(tsUs)
    return formatDate === AS_SECONDS ? String(Math.floor(tsUs / US_PER_SECOND)) : timeText(tsUs)
  }
  const series = barSeries({ whatToShow, seconds, useRth, secType: listed.secType, untilUs: Math.min(endUs, nowUs), dateOf })
  if (!series) throw invalid(reqId, `Expected TRADES, MIDPOINT, BID, ASK or BID_ASK to show, found ${whatToShow}`)
  return {
    ...series,
    reqId,
    listed,
    fromUs: startUs,
    toUs: endUs - 1,
    isKept: keepUpToDate,
    answer: (writer) => {
      const bars = series.bars(0)
      // What is kept up to date may begin with nothing.
      if (bars.length === 0 && !keepUpToDate)
        throw new RequestError(Code.historyRefused, reqId, historyText(`HMDS query returned no data: ${listed.localSymbol} ${whatToShow}`))
      messages.writeHistoricalData(writer, reqId, timeText(startUs), timeText(endUs), bars)
      if (!keepUpToDate) return
      const line = new BarLine(reqId, client.host.sampler.book(listed), series, nowUs, client)
      client.barLines.set(reqId, line)
      client.host.sampler.openBars(line)
    },
  }
}

function invalid(reqId: number, message: string): RequestError {
  return new RequestError(Code.invalidRequest, reqId, message)
}
