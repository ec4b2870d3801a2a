/** A request of a client as the gateway reads it, with the name of its handler as `type`. */

import { REQUESTS } from '../../../backtester/gateway/server/handlers/index.ts'
import { RequestTable } from '../../../backtester/gateway/server/request-table.ts'

const table = new RequestTable(REQUESTS)

/** Throws what the gateway would answer with an error message. */
export function decodeRequest(fields: readonly string[], serverVersion = 193): { type: string } & object {
  const { handler, request } = table.read(fields, serverVersion)
  return { type: handler.name, ...request }
}

/** What is read of a contract that a client leaves empty. */
export const anyContract = {
  conId: undefined,
  symbol: '',
  secType: '',
  expiry: '',
  strike: undefined,
  right: undefined,
  multiplier: undefined,
  exchange: '',
  currency: '',
  localSymbol: '',
  tradingClass: '',
}
