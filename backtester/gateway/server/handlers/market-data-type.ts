/** reqMarketDataType: live, frozen, delayed, or delayed and frozen data. Answered by each line as it opens, as IB does. */

import { Code, NO_REQUEST } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { RequestHandler } from './handler.ts'

export const marketDataType: RequestHandler<{ dataType: number }> = {
  id: 59,
  name: 'market-data-type',
  isOneWay: true,
  read(reader) {
    reader.skip('version')
    const dataType = reader.integer('marketDataType')
    if (dataType < 1 || dataType > 4)
      throw new RequestError(Code.invalidRequest, NO_REQUEST, `Expected a market data type of 1 to 4, found ${dataType}`)
    return { dataType }
  },
  answer({ dataType }, client) {
    client.dataType = dataType
  },
}
