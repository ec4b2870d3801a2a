/** reqAccountUpdates: the numbers of the account, which never change, so that nothing follows. Unsubscribing is answered with nothing. */

import { ACCOUNT } from '../../protocol/codes.ts'
import * as messages from '../../protocol/reference-messages.ts'
import type { RequestHandler } from './handler.ts'

export const accountUpdates: RequestHandler<{ subscribe: boolean }> = {
  id: 6,
  name: 'account-updates',
  read(reader) {
    reader.skip('version')
    return { subscribe: reader.flag('subscribe') }
  },
  answer({ subscribe }, { host, writer }) {
    if (!subscribe) return
    for (const value of host.account.values) messages.writeAccountValue(writer, ACCOUNT, value)
    messages.writeAccountUpdateTime(writer, host.clockText.slice(9, 14))
    messages.writeAccountDownloadEnd(writer, ACCOUNT)
  },
}
