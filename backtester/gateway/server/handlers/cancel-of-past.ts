/**
 * cancelHeadTimestamp and cancelHistogramData. Clients send them behind the answer, too, where they find nothing and are not answered;
 * a request that still waits is ended with the error that ends one for bars.
 */

import { type HistoryQuery, historyText } from '../../history/history.ts'
import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { RequestHandler } from './handler.ts'

function cancelOf(id: number, name: string, kind: HistoryQuery['kind']): RequestHandler<{ reqId: number }> {
  return {
    id,
    name,
    isOneWay: true,
    read: (reader) => ({ reqId: reader.reqId() }),
    answer({ reqId }, { histories }) {
      if (histories.get(reqId)?.kind !== kind) return
      histories.delete(reqId)
      throw new RequestError(Code.historyRefused, reqId, historyText(`API ${kind} query cancelled: ${reqId}`))
    },
  }
}

export const cancelHistogram = cancelOf(89, 'cancel-histogram', 'histogram')
export const cancelHeadTimestamp = cancelOf(90, 'cancel-head-timestamp', 'head timestamp')
