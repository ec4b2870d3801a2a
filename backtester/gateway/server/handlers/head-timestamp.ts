/** reqHeadTimestamp: when the tape's data of a contract begins. */

import { isoFromUs } from '../../../../market/time.ts'
import type { ListedContract } from '../../contracts/contracts.ts'
import { type HistoryQuery, historyText } from '../../history/history.ts'
import { Code } from '../../protocol/codes.ts'
import type { ContractQuery } from '../../protocol/contract-fields.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import { readTradable } from '../../protocol/read-contract.ts'
import * as messages from '../../protocol/reference-messages.ts'
import { askHistory } from './ask-history.ts'
import { findOne } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'

interface HeadTimestampRequest {
  reqId: number
  query: ContractQuery
  useRth: boolean
  whatToShow: string
  /** 1: as text, 2: as seconds since 1970. */
  formatDate: number
}

type Taker = Pick<HistoryQuery, 'quote' | 'trade' | 'statistic'>

const US_PER_SECOND = 1_000_000
const AS_SECONDS = 2

export const headTimestamp: RequestHandler<HeadTimestampRequest> = {
  id: 87,
  name: 'head-timestamp',
  read(reader) {
    const reqId = reader.reqId()
    const query = readTradable(reader, reqId)
    reader.skip('includeExpired')
    const useRth = reader.flag('useRTH')
    return { reqId, query, useRth, whatToShow: reader.text('whatToShow').toUpperCase(), formatDate: reader.integer('formatDate') }
  },
  answer(request, client) {
    const listed = findOne(request.query, request.reqId, client)
    askHistory(headQuery(request, listed, client.host.nowUs), client)
  },
}

function headQuery({ reqId, useRth, whatToShow, formatDate }: HeadTimestampRequest, listed: ListedContract, nowUs: number): HistoryQuery {
  let headUs: number | undefined
  const see = (tsUs: number) => {
    if (!useRth || listed.hours.isOpenAt(tsUs)) headUs ??= tsUs
  }
  return {
    reqId,
    listed,
    kind: 'head timestamp',
    fromUs: 0,
    toUs: nowUs,
    ...takerOf(whatToShow, see),
    isComplete: () => headUs !== undefined,
    answer(writer) {
      if (headUs === undefined) throw new RequestError(Code.historyRefused, reqId, historyText('No head time stamp'))
      const text = isoFromUs(headUs).slice(0, 19).replaceAll('-', '').replace('T', '-')
      messages.writeHeadTimestamp(writer, reqId, formatDate === AS_SECONDS ? String(Math.floor(headUs / US_PER_SECOND)) : text)
    },
  }
}

/** What IB names and the tape cannot know, has no ticks that count. */
function takerOf(whatToShow: string, see: (tsUs: number) => void): Taker {
  switch (whatToShow) {
    case 'TRADES':
    case 'ADJUSTED_LAST':
      return { trade: ({ tsUs }) => see(tsUs) }
    case 'BID':
      return { quote: ({ tsUs, bidPrice }) => bidPrice !== undefined && see(tsUs) }
    case 'ASK':
      return { quote: ({ tsUs, askPrice }) => askPrice !== undefined && see(tsUs) }
    case 'MIDPOINT':
      return { quote: ({ tsUs, bidPrice, askPrice }) => bidPrice !== undefined && askPrice !== undefined && see(tsUs) }
    case 'BID_ASK':
      return { quote: ({ tsUs }) => see(tsUs) }
    case 'HISTORICAL_VOLATILITY':
      return { statistic: ({ tsUs, name }) => name === 'historical-volatility' && see(tsUs) }
    case 'OPTION_IMPLIED_VOLATILITY':
      return { statistic: ({ tsUs, name }) => name === 'implied-volatility' && see(tsUs) }
    default:
      return {}
  }
}
