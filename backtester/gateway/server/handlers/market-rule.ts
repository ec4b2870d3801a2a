/** reqMarketRule: the price grid behind a number of the contract details. */

import { Code, NO_REQUEST } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import * as messages from '../../protocol/messages.ts'
import type { RequestHandler } from './handler.ts'

export const marketRule: RequestHandler<{ ruleId: number }> = {
  id: 91,
  name: 'market-rule',
  read: (reader) => ({ ruleId: reader.integer('marketRuleId') }),
  answer({ ruleId }, { host, writer }) {
    const rule = host.contracts.rules.byId(ruleId)
    if (!rule) throw new RequestError(Code.invalidRequest, NO_REQUEST, `Expected a market rule that contract details name, found ${ruleId}`)
    messages.writeMarketRule(writer, ruleId, rule.steps)
  },
}
