/** reqMatchingSymbols: stocks and indices of the tape whose ticker or name begins with what the client typed. */

import { longNameOf } from '../../contracts/names.ts'
import * as messages from '../../protocol/reference-messages.ts'
import type { Client } from '../client.ts'
import type { RequestHandler } from './handler.ts'

/** IB sends no more. */
const MAX_SAMPLES = 16

export const matchingSymbols: RequestHandler<{ reqId: number; pattern: string }> = {
  id: 81,
  name: 'matching-symbols',
  read: (reader) => ({ reqId: reader.reqId(), pattern: reader.text('pattern') }),
  answer({ reqId, pattern }, client) {
    messages.writeSymbolSamples(client.writer, reqId, samplesOf(pattern, client), client.serverVersion)
  },
}

function samplesOf(pattern: string, { host }: Client): messages.SymbolSample[] {
  const typed = pattern.trim().toUpperCase()
  if (typed === '') return []
  const { contracts } = host
  const found = contracts.underlyings().filter(({ contract }) => {
    const names = [contract.symbol, ...longNameOf(contract).split(' ')]
    return names.some((name) => name.toUpperCase().startsWith(typed)) || longNameOf(contract).toUpperCase().startsWith(typed)
  })
  return found.slice(0, MAX_SAMPLES).map((listed) => ({
    conId: listed.conId,
    symbol: listed.contract.symbol,
    secType: listed.secType,
    primaryExchange: listed.secType === 'IND' ? listed.exchange : listed.primaryExchange,
    currency: listed.contract.currency,
    derivatives: contracts.chainsOn(listed.conId, host.nowUs).length > 0 ? ['OPT'] : [],
    description: longNameOf(listed.contract),
  }))
}
