/** reqHistoricalData: bars of the past, and bars that are kept up to date from there on. */

import { SECONDS_PER_DAY } from '../../../../market/bar.ts'
import { BarLine } from '../../history/bar-line.ts'
import { type BarSeries, barSeries } from '../../history/bar-series.ts'
import { type HistoryQuery, historyText } from '../../history/history.ts'
import { barSeconds, dateText, startOfDuration, timeText } from '../../history/history-times.ts'
import type { ListedContract } from '../../contracts/contracts.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/messages.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import type { Client } from '../client.ts'
import { askHistory } from './ask-history.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'
import { readTime } from './request-time.ts'

/** Times are as the client wrote them, empty when it left them out. */
interface HistoricalDataRequest {
  reqId: number
  query: ContractQuery
  end: string
  barSize: string
  duration: string
  useRth: boolean
  whatToShow: string
  /** 1: dates as text, 2: as seconds since 1970. */
  formatDate: number
  keepUpToDate: boolean
}

const US_PER_SECOND = 1_000_000
const AS_SECONDS = 2
/** IB paces requests for bars up to this size. */
const PACED_BAR_SECONDS = 30
/** IB keeps no bars up to date that are shorter, and none of bid and ask together. */
const MIN_LIVE_SECONDS = 5

export const historicalData: RequestHandler<HistoricalDataRequest> = {
  id: 20,
  name: 'historical-data',
  read(reader) {
    const reqId = reader.reqId()
    const query = readTradable(reader, reqId)
    reader.skip('includeExpired')
    const [end, barSize, duration] = [reader.text('endDateTime'), reader.text('barSizeSetting'), reader.text('durationString')]
    const useRth = reader.flag('useRTH')
    const whatToShow = reader.text('whatToShow').toUpperCase()
    const formatDate = reader.integer('formatDate')
    return { reqId, query, end, barSize, duration, useRth, whatToShow, formatDate, keepUpToDate: reader.flag('keepUpToDate') }
  },
  answer(request, client) {
    const listed = findOne(request.query, request.reqId, client)
    const query = barsQuery(request, listed, client)
    pace(request, listed, client)
    askHistory(query, client)
  },
}

/** @throws RequestError 162 for requests that come too often. */
function pace(request: HistoricalDataRequest, { conId }: ListedContract, { host }: Client): void {
  const { reqId, barSize, whatToShow } = request
  const { historyPacing, limits } = host
  if (!limits.historyPacing || (barSeconds(barSize) ?? 0) > PACED_BAR_SECONDS) return
  const series = `${conId} ${request.query.exchange} ${whatToShow}`
  const whole = JSON.stringify({ ...request, reqId: 0, query: conId })
  const weight = whatToShow === 'BID_ASK' ? 2 : 1
  if (!historyPacing.take(whole, series, weight, performance.now()))
    throw new RequestError(Code.historyRefused, reqId, historyText('Historical data request pacing violation'))
}

function barsQuery(request: HistoricalDataRequest, listed: ListedContract, client: Client): HistoryQuery {
  const { reqId, whatToShow, useRth, formatDate, keepUpToDate } = request
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
      if (keepUpToDate) keep(reqId, listed, series, nowUs, client)
    },
  }
}

function keep(reqId: number, listed: ListedContract, series: BarSeries, afterUs: number, client: Client): void {
  const line = new BarLine(reqId, listed, series, afterUs, client)
  client.barLines.set(reqId, line)
  client.host.sampler.openBars(line)
}

function invalid(reqId: number, message: string): RequestError {
  return new RequestError(Code.invalidRequest, reqId, message)
}
