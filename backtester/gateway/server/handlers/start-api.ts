/** startApi. A session answers the first one itself, as it makes the client ready; any other comes too late. */

import { Code, NO_REQUEST } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { RequestHandler } from './handler.ts'

export const startApi: RequestHandler<{ clientId: number }> = {
  id: 71,
  name: 'start-api',
  read(reader) {
    reader.skip('version')
    return { clientId: reader.integer('clientId') }
  },
  answer() {
    throw new RequestError(Code.invalidRequest, NO_REQUEST, 'The API was started already')
  },
}
