/**
 * Requests that have nothing to do with market data: those of an account are answered as one without orders, trades or positions
 * would be, since clients ask for them as they connect and wait; the rest is refused.
 */

import { ACCOUNT } from '../protocol/codes.ts'

/** What ends the answer to a request of the account; `undefined` where IB answers nothing. */
export interface EmptyAnswer {
  /** Position of the request id, which the answer repeats. */
  idAt?: number
  fields?: readonly (string | number)[]
  /** Position of the flag that is 0 when the client wants nothing any more, which is answered with nothing. */
  flagAt?: number
}

export const EMPTY_ANSWERS: ReadonlyMap<number, EmptyAnswer> = new Map<number, EmptyAnswer>([
  // reqOpenOrders, reqAccountUpdates, reqExecutions, reqIds
  [5, { fields: [53, 1] }],
  [6, { fields: [54, 1, ACCOUNT], flagAt: 2 }],
  [7, { idAt: 2, fields: [55, 1] }],
  [8, { fields: [9, 1, 1] }],
  // News bulletins, cancelling them, setServerLogLevel, reqAutoOpenOrders
  [12, {}],
  [13, {}],
  [14, {}],
  [15, {}],
  // reqAllOpenOrders, reqManagedAccts
  [16, { fields: [53, 1] }],
  [17, { fields: [15, 1, ACCOUNT] }],
  // Account summary, positions of a model, account updates of a model, each with its cancel; cancelPositions
  [62, { idAt: 2, fields: [64, 1] }],
  [63, {}],
  [64, {}],
  [74, { idAt: 2, fields: [72, 1] }],
  [75, {}],
  [76, { idAt: 2, fields: [74, 1] }],
  [77, {}],
  // reqCompletedOrders
  [99, { fields: [102] }],
])

/** Requests of IB that this gateway refuses, with the position of their request id where they carry one. */
export const NOT_SERVED = new Map<number, [name: string, idAt?: number]>([
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
