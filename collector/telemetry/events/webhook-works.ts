import type { EventContext } from './event.ts'

/** Logs that the webhook takes messages again. */
export function webhookWorks({ log, faults }: EventContext): void {
  if (faults.end('webhook')) log.info('the webhook takes messages again')
}
