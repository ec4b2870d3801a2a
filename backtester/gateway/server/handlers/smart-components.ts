/** reqSmartComponents: the venues behind the letters of ticks 32, 33 and 84, for the key that a line's parameters (message 81) name. */

import { SMART_COMPONENTS } from '../../contracts/venues.ts'
import { BBO_EXCHANGE } from '../../protocol/messages.ts'
import * as messages from '../../protocol/reference-messages.ts'
import type { RequestHandler } from './handler.ts'

export const smartComponents: RequestHandler<{ reqId: number; bboExchange: string }> = {
  id: 83,
  name: 'smart-components',
  read: (reader) => ({ reqId: reader.reqId(), bboExchange: reader.text('bboExchange') }),
  answer({ reqId, bboExchange }, { writer }) {
    messages.writeSmartComponents(writer, reqId, bboExchange === BBO_EXCHANGE ? SMART_COMPONENTS : [])
  },
}
