/**
 * Requests for what a tape and an account without orders, trades and positions have nothing of. They are answered as IB answers somebody
 * who has none, since clients wait for the end of the answer, some of them as they connect.
 */

import { ACCOUNT } from '../../protocol/codes.ts'
import * as messages from '../../protocol/messages.ts'
import type { RequestHandler } from './handler.ts'

type Fields = readonly (string | number)[]

interface EmptyAnswer {
  /** Position of the request id, or of what else the answer repeats. */
  idAt?: number
  fields: (id: number) => Fields
}

const NO_XML = '<?xml version="1.0" encoding="UTF-8"?>'
const NOT_VERIFIED = 'The replay gateway verifies no clients'
const NOTHING_SHOWN = 'none'

/** By message: IB's number of the request. */
const EMPTY_ANSWERS: ReadonlyMap<number, EmptyAnswer> = new Map<number, EmptyAnswer>([
  // reqOpenOrders, reqExecutions, reqIds, reqAllOpenOrders, reqManagedAccts
  [5, { fields: () => [53, 1] }],
  [7, { idAt: 2, fields: (id) => [55, 1, id] }],
  [8, { fields: () => [9, 1, 1] }],
  [16, { fields: () => [53, 1] }],
  [17, { fields: () => [15, 1, ACCOUNT] }],
  // requestFA: the kind of data, and no groups or aliases
  [18, { idAt: 2, fields: (kind) => [16, 1, kind, `${NO_XML}<ListOfGroups/>`] }],
  // reqScannerSubscription, reqScannerParameters
  [22, { idAt: 1, fields: (id) => [20, 3, id, 0] }],
  [24, { fields: () => [19, 1, `${NO_XML}<ScanParameterResponse/>`] }],
  // verifyRequest, verifyMessage, verifyAndAuthRequest, verifyAndAuthMessage
  [65, { fields: () => [66, 1, 'false', NOT_VERIFIED] }],
  [66, { fields: () => [66, 1, 'false', NOT_VERIFIED] }],
  [72, { fields: () => [70, 1, 'false', NOT_VERIFIED] }],
  [73, { fields: () => [70, 1, 'false', NOT_VERIFIED] }],
  // queryDisplayGroups, subscribeToGroupEvents
  [67, { idAt: 2, fields: (id) => [67, 1, id, ''] }],
  [68, { idAt: 2, fields: (id) => [68, 1, id, NOTHING_SHOWN] }],
  // reqPositionsMulti
  [74, { idAt: 2, fields: (id) => [72, 1, id] }],
  // reqSoftDollarTiers, reqFamilyCodes, reqMktDepthExchanges
  [79, { idAt: 1, fields: (id) => [77, id, 0] }],
  [80, { fields: () => [78, 0] }],
  [82, { fields: () => [80, 0] }],
  // reqNewsProviders, reqHistoricalNews, which has no more behind its end
  [85, { fields: () => [85, 0] }],
  [86, { idAt: 1, fields: (id) => [87, id, 0] }],
  // reqPnL: of the day, unrealized and realized; reqPnLSingle: position ahead of them, its value behind
  [92, { idAt: 1, fields: (id) => [94, id, 0, 0, 0] }],
  [94, { idAt: 1, fields: (id) => [95, id, 0, 0, 0, 0, 0] }],
  // reqCompletedOrders
  [99, { fields: () => [102] }],
  // reqUserInfo: no white branding
  [104, { idAt: 1, fields: (id) => [107, id, ''] }],
])

export const emptyAnswers: readonly RequestHandler<{ fields: Fields }>[] = [...EMPTY_ANSWERS].map(([id, { idAt, fields }]) => ({
  id,
  name: 'empty',
  read: (reader) => ({ fields: fields(reader.idAt(idAt)) }),
  answer: (request, { writer }) => messages.writeEmptyAnswer(writer, request.fields),
}))
