/** reqHistoricalData of the trading schedule: the hours of the contract, for which no tape is read. */

import { nyse } from '../../../../market/calendar/calendar.ts'
import { TapedeckError } from '../../../../market/errors.ts'
import type { Zone } from '../../../../market/time.ts'
import type { DatedSession } from '../../contracts/contract-hours.ts'
import type { ListedContract } from '../../contracts/contracts.ts'
import { historyText } from '../../history/history.ts'
import { startOfDuration } from '../../history/history-times.ts'
import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/reference-messages.ts'
import type { Client } from '../client.ts'
import { readTime } from './request-time.ts'

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
  messages.writeHistoricalSchedule(client.writer, reqId, listed.hours.timeZone, sessionsOf(listed, reqId, startUs, endUs, useRth))
}

function sessionsOf(
  { hours, localSymbol, secType }: ListedContract,
  reqId: number,
  startUs: number,
  endUs: number,
  useRth: boolean,
): messages.ScheduledSession[] {
  const { zone } = hours
  // Durations count the days of New York.
  const [from, to] = [nyse.zone.dateOf(startUs), nyse.zone.dateOf(endUs - 1)]
  const sessions = knownSessions(() => hours.sessions(from, to, useRth))
  // Futures keep hours that no calendar here knows.
  if (!sessions || (secType === 'FUT' && sessions.length === 0))
    throw new RequestError(Code.historyRefused, reqId, historyText(`HMDS query returned no data: ${localSymbol} SCHEDULE`))
  return sessions.map(({ date, openUs, closeUs }) => ({
    start: clockText(zone, openUs),
    end: clockText(zone, closeUs),
    date: date.replaceAll('-', ''),
  }))
}

/** Undefined for days that the calendar does not know. */
function knownSessions(sessions: () => DatedSession[]): DatedSession[] | undefined {
  try {
    return sessions()
  } catch (error) {
    if (error instanceof TapedeckError) return undefined
    throw error
  }
}

function clockText(zone: Zone, tsUs: number): string {
  return `${zone.dateOf(tsUs).replaceAll('-', '')}-${new Date(zone.msOfDay(tsUs)).toISOString().slice(11, 19)}`
}
