/** Routes what the gateway says beside market data to who owns it: the time, the answers to requests for lines, IB's notices. */

import type { IbOutages } from './gaps/ib-outages.ts'
import { COMPETING_SESSION, END_OF_TAPE, TOO_FAST } from './ib/codes.ts'
import type { Connection } from './ib/link/connection.ts'
import { noteConnection } from './ib/link/gateway-notices.ts'
import type { ControlMessage } from './ib/messages.ts'
import { servesLine } from './gaps/farms.ts'
import type { LineSupply } from './lines/line-supply.ts'
import type { Sessions } from './record/sessions.ts'
import type { NoticeLog } from './ib/notice-log.ts'

export interface ControlOwners {
  sessions: Sessions
  supply: LineSupply
  outages: IbOutages
  notices: NoticeLog
  connection: Connection
  /** The gateway gave its time. */
  onAlive: () => void
  onEndOfTape: () => void
  /** The gateway says that too many messages come. */
  onTooFast: () => void
}

export function createControlRouter({ sessions, supply, outages, notices, connection, onAlive, onEndOfTape, onTooFast }: ControlOwners) {
  /** Look-ups need the farms of definitions; what will be needed is not known before there are lines. */
  const concerns = (farm: string) =>
    supply.lines.all.length === 0 || farm.startsWith('secdef') || supply.lines.all.some((line) => servesLine(farm, line))
  const takeNotice = (code: number, text: string) => {
    const effect = outages.take(code, text)
    if (effect) supply.ibIsBack(effect, `ib-${code}`)
  }
  return (message: ControlMessage): void => {
    switch (message.type) {
      case 'current-time':
        // An answer to our heartbeat proves nothing while the gateway has lost IB; a published time is the tape's.
        if (outages.isAway && !sessions.isPublished(message.value)) break
        sessions.takeTime(message.value)
        onAlive()
        break
      case 'line-accepted':
        supply.accepted(message.reqId, message.marketDataType)
        break
      case 'error':
        if (message.code === TOO_FAST) onTooFast()
        // Nothing would ever end what is said of a request that was given up.
        if (message.code === COMPETING_SESSION && supply.lines.isCurrent(message.reqId)) connection.competing(message.text)
        supply.failed(message.reqId, message.code, message.text)
        break
      case 'notice':
        notices.take(message.code, message.text)
        if (message.code === TOO_FAST) onTooFast()
        noteConnection(connection, message.code, message.text, concerns)
        if (message.code === END_OF_TAPE) onEndOfTape()
        else takeNotice(message.code, message.text)
    }
  }
}
