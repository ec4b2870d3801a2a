/** reqHistogramData: how much was traded at each price. A tape without trades of the contract gives an empty histogram. */

import type { ListedContract } from '../../contracts/contracts.ts'
import type { HistoryQuery } from '../../history/history.ts'
import { startOfDuration } from '../../history/history-times.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import * as messages from '../../protocol/reference-messages.ts'
import { askHistory } from './ask-history.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'

interface HistogramRequest {
  reqId: number
  query: ContractQuery
  useRth: boolean
  /** `3 days`, `1 week`. */
  period: string
}

const PERIOD = /^(\d{1,4}) (second|minute|hour|day|week|month|year)s?$/
/** As durations of history have them, and how many of those one is. */
const UNITS: Readonly<Record<string, readonly [unit: string, count: number]>> = {
  second: ['S', 1],
  minute: ['S', 60],
  hour: ['S', 3600],
  day: ['D', 1],
  week: ['W', 1],
  month: ['M', 1],
  year: ['Y', 1],
}

export const histogram: RequestHandler<HistogramRequest> = {
  id: 88,
  name: 'histogram',
  read(reader) {
    const reqId = reader.reqId()
    const query = readTradable(reader, reqId)
    reader.skip('includeExpired')
    return { reqId, query, useRth: reader.flag('useRTH'), period: reader.text('timePeriod') }
  },
  answer(request, client) {
    const listed = findOne(request.query, request.reqId, client)
    askHistory(histogramQuery(request, listed, client.host.nowUs), client)
  },
}

function histogramQuery({ reqId, useRth, period }: HistogramRequest, listed: ListedContract, nowUs: number): HistoryQuery {
  const fromUs = startOfPeriod(period, nowUs + 1)
  if (fromUs === undefined) throw new RequestError(Code.failedRequest, reqId, `Expected a period such as 3 days, found ${period}`)
  const sizes = new Map<number, number>()
  return {
    reqId,
    listed,
    kind: 'histogram',
    fromUs,
    toUs: nowUs,
    trade({ tsUs, price, size = 0 }) {
      if (size > 0 && (!useRth || listed.hours.isOpenAt(tsUs))) sizes.set(price, (sizes.get(price) ?? 0) + size)
    },
    answer: (writer) =>
      messages.writeHistogram(
        writer,
        reqId,
        [...sizes].toSorted(([a], [b]) => a - b),
      ),
  }
}

function startOfPeriod(text: string, endUs: number): number | undefined {
  const [, digits, name = ''] = PERIOD.exec(text.trim().toLowerCase()) ?? []
  const [unit, count] = UNITS[name] ?? []
  return unit === undefined || count === undefined ? undefined : startOfDuration(`${Number(digits) * count} ${unit}`, endUs)
}
