/** A connection for history that lasts as long as the work over it. */

import { HistoryConnection, type HistorySettings } from '../ib/history/history-connection.ts'
import type { HistoryRequests } from '../ib/history/over-link.ts'

export interface WithHistoryOptions {
  gateway: HistorySettings
  /** Aborted: the connection is closed at once, and what is open fails with `gateway-lost`. */
  stop: AbortSignal
  onDown?: ((reason: string, retryMs: number) => void) | undefined
}

/** @throws FeedError when the gateway cannot be reached; what `work` throws */
export async function withHistory<T>(
  { gateway, stop, onDown }: WithHistoryOptions,
  work: (history: HistoryRequests) => Promise<T>,
): Promise<T> {
  const history = await HistoryConnection.begin(gateway, onDown && { onDown })
  const close = () => void history.close()
  stop.addEventListener('abort', close, { once: true })
  if (stop.aborted) close()
  try {
    return await work(history.requests)
  } finally {
    stop.removeEventListener('abort', close)
    await history.close()
  }
}
