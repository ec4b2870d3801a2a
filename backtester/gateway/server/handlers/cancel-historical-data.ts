/** cancelHistoricalData. IB answers it with an error message, too. */

import { historyText } from '../../history/history.ts'
import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { RequestHandler } from './handler.ts'

export const cancelHistoricalData: RequestHandler<{ reqId: number }> = {
  id: 25,
  name: 'cancel-historical-data',
  read(reader) {
    reader.skip('version')
    return { reqId: reader.reqId() }
  },
  answer({ reqId }, { host, histories, barLines, tickLines }) {
    const line = barLines.get(reqId)
    if (line) host.sampler.closeBars(line)
    barLines.delete(reqId)
    if (tickLines.has(reqId) || !histories.delete(reqId))
      throw new RequestError(Code.unknownHistory, reqId, `No historical data query found for ticker id:${reqId}`)
    throw new RequestError(Code.historyRefused, reqId, historyText(`API historical data query cancelled: ${reqId}`))
  },
}
