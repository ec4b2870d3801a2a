/** cancelRealTimeBars. */

import type { RequestHandler } from './handler.ts'
import { unknownId } from './line-ids.ts'

export const cancelRealTimeBars: RequestHandler<{ reqId: number }> = {
  id: 51,
  name: 'cancel-real-time-bars',
  read(reader) {
    reader.skip('version')
    return { reqId: reader.reqId() }
  },
  /** @throws RequestError 300 when there are none under this id. */
  answer({ reqId }, { host, realTimeBars }) {
    const line = realTimeBars.get(reqId)
    if (!line) throw unknownId(reqId)
    realTimeBars.delete(reqId)
    host.sampler.closeBars(line)
  },
}
