import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface NoMarketRule {
  rule: number
  error: unknown
}

/** Logs a price grid that is not known. */
export function noMarketRule({ log }: EventContext, { rule, error }: NoMarketRule): void {
  log.warn({ rule, reason: messageOf(error) }, 'the gateway does not answer for a market rule; the smallest price step is recorded instead')
}
