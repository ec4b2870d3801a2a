/** reqAccountSummary: those numbers of the account that are asked for. */

import { ACCOUNT } from '../../protocol/codes.ts'
import * as messages from '../../protocol/reference-messages.ts'
import type { RequestHandler } from './handler.ts'

export const accountSummary: RequestHandler<{ reqId: number; tags: string }> = {
  id: 62,
  name: 'account-summary',
  read(reader) {
    reader.skip('version')
    const reqId = reader.reqId()
    reader.skip('group')
    return { reqId, tags: reader.text('tags') }
  },
  answer({ reqId, tags }, { host, writer }) {
    for (const value of host.account.summary(tags)) messages.writeAccountSummary(writer, reqId, ACCOUNT, value)
    messages.writeAccountSummaryEnd(writer, reqId)
  },
}
