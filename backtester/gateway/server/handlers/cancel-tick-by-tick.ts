/** cancelTickByTickData. */

import type { RequestHandler } from './handler.ts'
import { unknownId } from './line-ids.ts'

export const cancelTickByTick: RequestHandler<{ reqId: number }> = {
  id: 98,
  name: 'cancel-tick-by-tick',
  read: (reader) => ({ reqId: reader.reqId() }),
  /** @throws RequestError 300 when there is no such line. */
  answer({ reqId }, { host, histories, tickLines }) {
    const line = tickLines.get(reqId)
    if (!line) throw unknownId(reqId)
    tickLines.delete(reqId)
    histories.delete(reqId)
    host.sampler.closeTicks(line)
  },
}
