/** Bars of the past: of trades, or of the bid, the ask or their middle. */

import { BarBuilder, SECONDS_PER_DAY } from '../../market/bar.ts'
import { nyse } from '../../market/calendar.ts'
import type { Quote } from '../../market/tick.ts'
import type { Client } from './answers.ts'
import { Code } from './codes.ts'
import { RequestError } from './field-reader.ts'
import { isRegular, readTime } from './historical-ticks.ts'
import { type HistoryQuery, historyText } from './history.ts'
import { barSeconds, dateText, startOfDuration, timeText } from './history-times.ts'
import { findOne } from './market-data.ts'
import * as messages from './messages.ts'
import { midpointOf } from './midpoint.ts'
import type { HistoricalDataRequest } from './requests.ts'

const US_PER_SECOND = 1_000_000
/** IB's value for what a bar of prices does not have. */
const NONE = -1
const AS_SECONDS = 2
const PRICES: Readonly<Record<string, (quote: Quote) => number | undefined>> = {
  BID: ({ bidPrice }) => bidPrice,
  ASK: ({ askPrice }) => askPrice,
  MIDPOINT: ({ bidPrice, askPrice }) => (bidPrice === undefined || askPrice === undefined ? undefined : midpointOf(bidPrice, askPrice)),
}

export function historicalBarsQuery(request: HistoricalDataRequest, client: Client): HistoryQuery {
  const { reqId, query, whatToShow, useRth, formatDate } = request
  const listed = findOne(query, reqId, client)
  if (request.keepUpToDate) throw invalid(reqId, 'Bars that are kept up to date are not served by the replay gateway')
  const seconds = barSeconds(request.barSize)
  if (seconds === undefined) throw invalid(reqId, `Expected a bar size from 1 secs to 1 day, found ${request.barSize}`)
  const endUs = Math.min(readTime(request.end, reqId, client)?.tsUs ?? Number.POSITIVE_INFINITY, client.host.nowUs + 1)
  const startUs = startOfDuration(request.duration, endUs)
  if (startUs === undefined) throw invalid(reqId, `Expected a duration such as 1800 S, 1 D, 1 W, 1 M or 1 Y, found ${request.duration}`)
  const priceOf = PRICES[whatToShow]
  if (!priceOf && whatToShow !== 'TRADES') throw invalid(reqId, `Expected TRADES, MIDPOINT, BID or ASK to show, found ${whatToShow}`)

  const builder = new BarBuilder(seconds, nyse.zone)
  const isWanted = (tsUs: number) => !useRth || isRegular(tsUs)
  const dateOf = (tsUs: number) => {
    if (seconds === SECONDS_PER_DAY) return dateText(tsUs)
    return formatDate === AS_SECONDS ? String(Math.floor(tsUs / US_PER_SECOND)) : timeText(tsUs)
  }
  return {
    reqId,
    listed,
    fromUs: startUs,
    toUs: endUs - 1,
    ...(priceOf
      ? {
          quote: (quote) => {
            const price = priceOf(quote)
            if (price !== undefined && isWanted(quote.tsUs)) builder.addPrice(quote.tsUs, price)
          },
        }
      : {
          trade: ({ tsUs, price, size = 0 }) => {
            if (isWanted(tsUs)) builder.addTrade(tsUs, price, size)
          },
        }),
    answer: (writer) => {
      const bars = builder.bars.map((bar): messages.DatedBar => {
        const counted = priceOf
          ? { volume: NONE, wap: NONE, count: NONE }
          : { volume: bar.volume, wap: bar.vwap ?? NONE, count: bar.trades }
        return { date: dateOf(bar.startUs), open: bar.open, high: bar.high, low: bar.low, close: bar.close, ...counted }
      })
      if (bars.length === 0)
        throw new RequestError(Code.historyRefused, reqId, historyText(`HMDS query returned no data: ${listed.localSymbol} ${whatToShow}`))
      messages.writeHistoricalData(writer, reqId, timeText(startUs), timeText(endUs), bars)
    },
  }
}

function invalid(reqId: number, message: string): RequestError {
  return new RequestError(Code.invalidRequest, reqId, message)
}
