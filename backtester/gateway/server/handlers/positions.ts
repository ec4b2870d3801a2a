/** reqPositions: there are none. */

import * as messages from '../../protocol/messages.ts'
import type { RequestHandler } from './handler.ts'

export const positions: RequestHandler = {
  id: 61,
  name: 'positions',
  read: () => ({}),
  answer: (_request, { writer }) => messages.writePositionEnd(writer),
}
