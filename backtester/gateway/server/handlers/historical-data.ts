/** reqHistoricalData: bars of the past, and bars that are kept up to date from there on. */

import { SECONDS_PER_DAY } from '../../../../market/bar.ts'
import { BarLine } from '../../history/bar-line.ts'
import { type BarSeries, barSeries, type SeriesOptions } from '../../history/bar-series.ts'
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
import { answerSchedule } from './historical-schedule.ts'
import type { RequestHandler } from './handler.ts'
import { paceHistory } from './pace-history.ts'
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

type ShownSeries = BarSeries & Pick<HistoryQuery, 'statistic'>

const US_PER_SECOND = 1_000_000
const AS_SECONDS = 2
/** IB paces requests for bars up to this size. */
const PACED_BAR_SECONDS = 30
/** IB keeps those for half a year. */
const PACED_BARS_KEPT = '6 M'
/** Bars of one second that one request may span. */
const MAX_SECOND_BARS = 2000
/** IB keeps no bars up to date that are shorter, and none of bid and ask together. */
const MIN_LIVE_SECONDS = 5
const KEPT: ReadonlySet<string> = new Set(['TRADES', 'MIDPOINT', 'BID', 'ASK'])
const SCHEDULE = 'SCHEDULE'
/** A tape knows no splits and no dividends: adjusted trades are its trades. */
const ADJUSTED = 'ADJUSTED_LAST'
/** Bars of a figure that IB sends with market data. */
const FIGURES: ReadonlyMap<string, string> = new Map([
  ['HISTORICAL_VOLATILITY', 'historical-volatility'],
  ['OPTION_IMPLIED_VOLATILITY', 'implied-volatility'],
])
/** What IB has bars of and no tape knows. */
const ELSEWHERE: ReadonlySet<string> = new Set(['FEE_RATE', 'YIELD_BID', 'YIELD_ASK', 'YIELD_BID_ASK', 'YIELD_LAST', 'AGGTRADES'])

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
    if (request.whatToShow === SCHEDULE) {
      answerSchedule(request, listed, client)
      return
    }
    const query = barsQuery(request, listed, client)
    pace(request, listed, client)
    askHistory(query, client)
  },
}

/** @throws RequestError 162 for requests that come too often. */
function pace(request: HistoricalDataRequest, { conId }: ListedContract, client: Client): void {
  if ((barSeconds(request.barSize) ?? 0) <= PACED_BAR_SECONDS) paceHistory(request, conId, client)
}

function barsQuery(request: HistoricalDataRequest, listed: ListedContract, client: Client): HistoryQuery {
  const { reqId, whatToShow, useRth, formatDate, keepUpToDate } = request
  const seconds = barSeconds(request.barSize)
  if (seconds === undefined) throw invalid(reqId, `Expected a bar size from 1 secs to 1 month, found ${request.barSize}`)
  if (keepUpToDate && (request.end !== '' || seconds < MIN_LIVE_SECONDS || !KEPT.has(whatToShow)))
    throw invalid(reqId, `Bars kept up to date need no end, ${MIN_LIVE_SECONDS} secs or more, and TRADES, MIDPOINT, BID or ASK to show`)
  const { nowUs } = client.host
  const endUs = Math.min(readTime(request.end, reqId, client)?.tsUs ?? Number.POSITIVE_INFINITY, nowUs + 1)
  const startUs = startOfDuration(request.duration, endUs)
  if (startUs === undefined) throw invalid(reqId, `Expected a duration such as 1800 S, 1 D, 1 W, 1 M or 1 Y, found ${request.duration}`)
  const dateOf = (tsUs: number) => {
    if (seconds >= SECONDS_PER_DAY) return dateText(tsUs)
    return formatDate === AS_SECONDS ? String(Math.floor(tsUs / US_PER_SECOND)) : timeText(tsUs)
  }
  if (ELSEWHERE.has(whatToShow)) throw noData(reqId, listed, whatToShow)
  if (seconds === 1 && endUs - startUs > MAX_SECOND_BARS * US_PER_SECOND)
    throw new RequestError(Code.historyRefused, reqId, historyText('Time length exceed max.'))
  const keptUs = seconds > PACED_BAR_SECONDS ? undefined : startOfDuration(PACED_BARS_KEPT, nowUs)
  const fromUs = Math.max(startUs, keptUs ?? startUs)
  if (fromUs >= endUs) throw noData(reqId, listed, whatToShow)
  const series = shownSeries(whatToShow, { seconds, useRth, hours: listed.hours, untilUs: Math.min(endUs, nowUs), dateOf })
  if (!series)
    throw invalid(
      reqId,
      `Expected TRADES, MIDPOINT, BID, ASK, BID_ASK, ADJUSTED_LAST, HISTORICAL_VOLATILITY, OPTION_IMPLIED_VOLATILITY or SCHEDULE to show, found ${whatToShow}`,
    )
  return {
    ...series,
    reqId,
    listed,
    fromUs,
    toUs: endUs - 1,
    isKept: keepUpToDate,
    answer: (writer) => {
      const bars = series.bars(0)
      // What is kept up to date may begin with nothing.
      if (bars.length === 0 && !keepUpToDate) throw noData(reqId, listed, whatToShow)
      messages.writeHistoricalData(writer, reqId, timeText(startUs), timeText(endUs), bars)
      if (keepUpToDate) keep(reqId, listed, series, nowUs, client)
    },
  }
}

/** The bars of what is asked for, and what they are gathered from. Undefined for what cannot be shown. */
function shownSeries(whatToShow: string, options: Omit<SeriesOptions, 'whatToShow'>): ShownSeries | undefined {
  const name = FIGURES.get(whatToShow)
  if (name === undefined) return barSeries({ ...options, whatToShow: whatToShow === ADJUSTED ? 'TRADES' : whatToShow })
  // A figure stands until it changes, as the price of a side does.
  const series = barSeries({ ...options, whatToShow: 'BID' })
  if (!series) return undefined
  const { quote } = series
  return {
    count: () => series.count(),
    bars: (from) => series.bars(from),
    statistic: ({ seq, tsUs, instrument, value, ...figure }) => {
      if (figure.name === name && value !== undefined && Number.isFinite(value))
        quote?.({ kind: 'quote', seq, tsUs, instrument, bidPrice: value })
    },
  }
}

function keep(reqId: number, listed: ListedContract, series: BarSeries, afterUs: number, client: Client): void {
  const line = new BarLine(reqId, listed, series, afterUs, client)
  client.barLines.set(reqId, line)
  client.host.sampler.openBars(line)
}

function noData(reqId: number, { localSymbol }: ListedContract, whatToShow: string): RequestError {
  return new RequestError(Code.historyRefused, reqId, historyText(`HMDS query returned no data: ${localSymbol} ${whatToShow}`))
}

function invalid(reqId: number, message: string): RequestError {
  return new RequestError(Code.failedRequest, reqId, message)
}
