/**
 * Requests that a tape cannot carry out: orders, market depth, news, fundamentals. Each gets the code that IB uses when it cannot. It is
 * never 321, which clients take for a warning and go on waiting.
 */

import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { RequestHandler } from './handler.ts'

interface Refusal {
  message: string
  /** Position of the request id at a server version. */
  idAt: number | ((serverVersion: number) => number)
  code: number
  text: (id: number) => string
}

/** From here on cancelOrder has no version field ahead of its order id. */
const BARE_CANCEL_VERSION = 192
const NO_ORDERS = 'Order rejected - reason:The replay gateway takes no orders'
const NO_DEPTH = 'Deep market data is not supported for this combination of security type/exchange'

/** By IB's number of the request. */
const REFUSALS: ReadonlyMap<number, Refusal> = new Map<number, Refusal>([
  [3, { message: 'placeOrder', idAt: 1, code: Code.orderRejected, text: () => NO_ORDERS }],
  [
    4,
    {
      message: 'cancelOrder',
      idAt: (serverVersion) => (serverVersion < BARE_CANCEL_VERSION ? 2 : 1),
      code: Code.unknownOrder,
      text: (id) => `OrderId ${id} that needs to be cancelled is not found.`,
    },
  ],
  [10, { message: 'reqMktDepth', idAt: 2, code: Code.depthUnsupported, text: () => NO_DEPTH }],
  [
    11,
    {
      message: 'cancelMktDepth',
      idAt: 2,
      code: Code.unknownDepth,
      text: (id) => `Can't find the subscribed market depth with tickerId:${id}`,
    },
  ],
  [19, { message: 'replaceFA', idAt: 4, code: Code.failedRequest, text: () => 'The account is none of a financial advisor' }],
  [21, { message: 'exerciseOptions', idAt: 2, code: Code.orderRejected, text: () => NO_ORDERS }],
  [
    52,
    {
      message: 'reqFundamentalData',
      idAt: 2,
      code: Code.noFundamentalData,
      text: () => 'The fundamentals data for the security specified is not available',
    },
  ],
  [84, { message: 'reqNewsArticle', idAt: 1, code: Code.noNewsArticle, text: () => 'Failed to request news article:No data available' }],
  [100, { message: 'reqWshMetaData', idAt: 1, code: Code.newsNotAllowed, text: () => 'News feed is not allowed' }],
  [102, { message: 'reqWshEventData', idAt: 1, code: Code.newsNotAllowed, text: () => 'News feed is not allowed' }],
])

export const refused: readonly RequestHandler<{ reqId: number; message: string }>[] = [...REFUSALS].map(([id, refusal]) => ({
  id,
  name: 'refused',
  read(reader) {
    const { message, idAt } = refusal
    return { reqId: reader.idAt(typeof idAt === 'number' ? idAt : idAt(reader.serverVersion)), message }
  },
  answer({ reqId }) {
    throw new RequestError(refusal.code, reqId, refusal.text(reqId))
  },
}))
