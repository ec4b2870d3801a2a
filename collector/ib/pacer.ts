/**
 * One pacer for everything that is sent to the gateway: at most N messages in any sliding second. IB counts cancels too and
 * closes the socket of a client that sends more than 50.
 */

import PQueue from 'p-queue'

export interface Pacer {
  /** Runs `send` when its turn comes. Rejects with an AbortError when the signal fires first. */
  send(send: () => void, signal: AbortSignal): Promise<void>
}

export function createPacer(messagesPerSecond: number): Pacer {
  // Without `strict` the window is fixed, and two bursts across its edge make twice the rate.
  const queue = new PQueue({ strict: true, interval: 1000, intervalCap: messagesPerSecond })
  return {
    send: (send, signal) =>
      queue.add(
        () => {
          signal.throwIfAborted()
          send()
        },
        { signal },
      ),
  }
}
