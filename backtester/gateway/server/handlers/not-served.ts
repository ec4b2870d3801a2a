/** Requests that have nothing to do with the market data of a tape. They are refused by name. */

import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { RequestHandler } from './handler.ts'

/** Requests of IB that this gateway refuses, with the position of their request id where they carry one. */
export const NOT_SERVED: ReadonlyMap<number, readonly [name: string, idAt?: number]> = new Map<number, [name: string, idAt?: number]>([
  [3, ['placeOrder', 1]],
  [4, ['cancelOrder', 1]],
  [10, ['reqMktDepth', 2]],
  [11, ['cancelMktDepth', 2]],
  [18, ['requestFA']],
  [19, ['replaceFA']],
  [21, ['exerciseOptions', 2]],
  [22, ['reqScannerSubscription', 1]],
  [23, ['cancelScannerSubscription', 2]],
  [24, ['reqScannerParameters']],
  [50, ['reqRealTimeBars', 2]],
  [51, ['cancelRealTimeBars', 2]],
  [52, ['reqFundamentalData', 2]],
  [53, ['cancelFundamentalData', 2]],
  [54, ['calculateImpliedVolatility', 2]],
  [55, ['calculateOptionPrice', 2]],
  [56, ['cancelCalculateImpliedVolatility', 2]],
  [57, ['cancelCalculateOptionPrice', 2]],
  [58, ['reqGlobalCancel']],
  [67, ['queryDisplayGroups', 2]],
  [68, ['subscribeToGroupEvents', 2]],
  [69, ['updateDisplayGroup', 2]],
  [70, ['unsubscribeFromGroupEvents', 2]],
  [79, ['reqSoftDollarTiers', 1]],
  [80, ['reqFamilyCodes']],
  [81, ['reqMatchingSymbols', 1]],
  [82, ['reqMktDepthExchanges']],
  [83, ['reqSmartComponents', 1]],
  [84, ['reqNewsArticle', 1]],
  [85, ['reqNewsProviders']],
  [86, ['reqHistoricalNews', 1]],
  [87, ['reqHeadTimestamp', 1]],
  [88, ['reqHistogramData', 1]],
  [89, ['cancelHistogramData', 1]],
  [90, ['cancelHeadTimestamp', 1]],
  [92, ['reqPnL', 1]],
  [93, ['cancelPnL', 1]],
  [94, ['reqPnLSingle', 1]],
  [95, ['cancelPnLSingle', 1]],
  [100, ['reqWshMetaData', 1]],
  [101, ['cancelWshMetaData', 1]],
  [102, ['reqWshEventData', 1]],
  [103, ['cancelWshEventData', 1]],
  [104, ['reqUserInfo', 1]],
])

export const notServed: readonly RequestHandler<{ reqId: number; name: string }>[] = [...NOT_SERVED].map(([id, [name, idAt]]) => ({
  id,
  name: 'not-served',
  read: (reader) => ({ reqId: reader.idAt(idAt), name }),
  answer({ reqId }) {
    throw new RequestError(Code.invalidRequest, reqId, `${name} is not served by the replay gateway`)
  },
}))
