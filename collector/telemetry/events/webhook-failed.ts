import type { EventContext } from './event.ts'

export interface WebhookFailed {
  /** Must not name the address, which may be a secret. */
  reason: string
}

/** Logs that the webhook took no message, when that begins and when the reason changes. */
export function webhookFailed({ log, faults }: EventContext, { reason }: WebhookFailed): void {
  if (faults.begin('webhook', reason))
    log.warn({ reason }, 'the webhook did not take a message, which is left out; check `webhook` of the settings')
}
