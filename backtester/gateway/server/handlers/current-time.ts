/** reqCurrentTime: tape time in seconds. Requests that follow too fast are not answered. */

import * as messages from '../../protocol/messages.ts'
import type { RequestHandler } from './handler.ts'

const US_PER_SECOND = 1_000_000

export const currentTime: RequestHandler = {
  id: 49,
  name: 'current-time',
  read: () => ({}),
  answer(_request, client) {
    const { host, writer } = client
    const nowMs = performance.now()
    if (nowMs - client.timeSentMs < host.limits.timeAgainMs) return
    client.timeSentMs = nowMs
    messages.writeCurrentTime(writer, Math.floor(host.nowUs / US_PER_SECOND))
  },
}
