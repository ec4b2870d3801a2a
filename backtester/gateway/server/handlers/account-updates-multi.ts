/** reqAccountUpdatesMulti: the numbers of the account. There are no models, whose numbers would be others. */

import { ACCOUNT } from '../../protocol/codes.ts'
import * as messages from '../../protocol/reference-messages.ts'
import type { RequestHandler } from './handler.ts'

export const accountUpdatesMulti: RequestHandler<{ reqId: number; model: string }> = {
  id: 76,
  name: 'account-updates-multi',
  read(reader) {
    reader.skip('version')
    const reqId = reader.reqId()
    reader.skip('account')
    return { reqId, model: reader.text('modelCode') }
  },
  answer({ reqId, model }, { host, writer }) {
    if (model === '') for (const value of host.account.values) messages.writeAccountUpdateMulti(writer, reqId, ACCOUNT, model, value)
    messages.writeAccountUpdateMultiEnd(writer, reqId)
  },
}
