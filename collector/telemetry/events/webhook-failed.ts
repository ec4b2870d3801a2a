import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface WebhookFailed {
  error: unknown
}

/** Logs that the webhook took no message, when that begins and when the reason changes. Its address may be a secret and is not named. */
export function webhookFailed({ log, faults }: EventContext, { error }: WebhookFailed): void {
  const reason = messageOf(error)
  if (faults.begin('webhook', reason))
    log.warn({ reason }, 'the webhook did not take a message, which is left out; check arbitrage.webhook')
}
