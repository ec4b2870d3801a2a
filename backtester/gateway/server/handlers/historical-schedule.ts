/** reqHistoricalData of the trading schedule: the sessions of the calendar, which no tape is read for. */

import { nyse } from '../../../../market/calendar/calendar.ts'
import { TapedeckError } from '../../../../market/errors.ts'
import type { ListedContract } from '../../contracts/contracts.ts'
import { historyText } from '../../history/history.ts'
import { dateText, startOfDuration } from '../../history/history-times.ts'
import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/reference-messages.ts'
import type { Client } from '../client.ts'
import { readTime } from './request-time.ts'

const ZONE = 'US/Eastern'

interface ScheduleRequest {
  reqId: number
  end: string
  duration: string
  useRth: boolean
}

/** @throws RequestError 322 for a duration that is none, 162 for a market whose hours are not known. */
export function answerSchedule({ reqId, end, duration, useRth }: ScheduleRequest, listed: ListedContract, client: Client): void {
  const endUs = readTime(end, reqId, client)?.tsUs ?? client.host.nowUs + 1
  const startUs = startOfDuration(duration, endUs)
  if (startUs === undefined)
    throw new RequestError(Code.failedRequest, reqId, `Expected a duration such as 1 D, 1 W, 1 M or 1 Y, found ${duration}`)
  messages.writeHistoricalSchedule(client.writer, reqId, ZONE, sessionsOf(listed, reqId, startUs, endUs, useRth))
}

function sessionsOf(
  { secType, localSymbol }: ListedContract,
  reqId: number,
  startUs: number,
  endUs: number,
  useRth: boolean,
): messages.ScheduledSession[] {
  const isExtended = secType === 'STK' && !useRth
  try {
    // Futures keep the hours of their own exchanges.
    if (secType !== 'FUT')
      return nyse.sessions(nyse.zone.dateOf(startUs), nyse.zone.dateOf(endUs - 1)).map((session) => {
        const hours = isExtended ? nyse.tradingHours(session.date) : undefined
        const [openUs, closeUs] = [hours?.extendedOpenUs ?? session.openUs, hours?.extendedCloseUs ?? session.closeUs]
        return { start: clockText(openUs), end: clockText(closeUs), date: session.date.replaceAll('-', '') }
      })
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error
  }
  throw new RequestError(Code.historyRefused, reqId, historyText(`HMDS query returned no data: ${localSymbol} SCHEDULE`))
}

function clockText(tsUs: number): string {
  return `${dateText(tsUs)}-${new Date(nyse.zone.msOfDay(tsUs)).toISOString().slice(11, 19)}`
}
