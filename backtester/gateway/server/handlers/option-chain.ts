/** reqSecDefOptParams. */

import { SMART } from '../../contracts/venues.ts'
import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/messages.ts'
import { unknownContract } from './find-contract.ts'
import type { RequestHandler } from './handler.ts'

interface OptionChainRequest {
  reqId: number
  symbol: string
  futFopExchange: string
  secType: string
  conId: number
}

export const optionChain: RequestHandler<OptionChainRequest> = {
  id: 78,
  name: 'option-chain',
  read: (reader) => ({
    reqId: reader.reqId(),
    symbol: reader.text('underlyingSymbol'),
    futFopExchange: reader.text('futFopExchange'),
    secType: reader.text('underlyingSecType'),
    conId: reader.integer('underlyingConId'),
  }),
  answer({ reqId, symbol, secType, conId, futFopExchange }, { writer, host }) {
    // IB says 321, for which some clients wait on.
    if (conId <= 0) throw new RequestError(Code.unknownContract, reqId, 'Invalid contract id')
    const underlying = host.contracts.byConId(conId)
    if (!underlying || underlying.contract.symbol !== symbol || underlying.secType !== secType) throw unknownContract(reqId)
    // An exchange asks for options on futures; IB answers with nothing for a stock.
    const chains = futFopExchange === '' ? host.contracts.chainsOn(conId, host.nowUs) : []
    for (const chain of chains) messages.writeOptionChain(writer, reqId, SMART, chain)
    messages.writeOptionChainEnd(writer, reqId)
  },
}
