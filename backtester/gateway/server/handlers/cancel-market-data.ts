/** cancelMktData. */

import type { Client } from '../client.ts'
import type { RequestHandler } from './handler.ts'
import { unknownId } from './line-ids.ts'

export const cancelMarketData: RequestHandler<{ reqId: number }> = {
  id: 2,
  name: 'cancel-market-data',
  read(reader) {
    reader.skip('version')
    return { reqId: reader.reqId() }
  },
  answer: ({ reqId }, client) => closeLine(reqId, client),
}

/** @throws RequestError 300 when there is no such line. */
export function closeLine(reqId: number, { host, lines }: Client): void {
  const line = lines.get(reqId)
  if (!line) throw unknownId(reqId)
  lines.delete(reqId)
  host.sampler.close(line)
}
