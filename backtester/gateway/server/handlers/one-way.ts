/**
 * Messages that IB takes without a word, and so does this gateway: settings of what will never come, and the ends of subscriptions that
 * have nothing to say. Cancels that IB answers are with what they cancel.
 */

import type { RequestHandler } from './handler.ts'

const ONE_WAY: ReadonlyMap<number, string> = new Map([
  [12, 'reqNewsBulletins'],
  [13, 'cancelNewsBulletins'],
  [14, 'setServerLogLevel'],
  [15, 'reqAutoOpenOrders'],
  [23, 'cancelScannerSubscription'],
  [53, 'cancelFundamentalData'],
  [56, 'cancelCalculateImpliedVolatility'],
  [57, 'cancelCalculateOptionPrice'],
  // There are no orders, so that all are cancelled.
  [58, 'reqGlobalCancel'],
  [63, 'cancelAccountSummary'],
  [64, 'cancelPositions'],
  [69, 'updateDisplayGroup'],
  [70, 'unsubscribeFromGroupEvents'],
  [75, 'cancelPositionsMulti'],
  [77, 'cancelAccountUpdatesMulti'],
  [93, 'cancelPnL'],
  [95, 'cancelPnLSingle'],
  [101, 'cancelWshMetaData'],
  [103, 'cancelWshEventData'],
])

export const oneWayRequests: readonly RequestHandler<{ message: string }>[] = [...ONE_WAY].map(([id, message]) => ({
  id,
  name: 'one-way',
  isOneWay: true,
  read: () => ({ message }),
  answer: () => undefined,
}))
