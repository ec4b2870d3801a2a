/**
 * One pacer for everything that is sent to the gateway: at most N messages in any sliding second. IB counts cancels too and
 * closes the socket of a client that sends more than 50.
 *
 * Every message holds one of N places for a second. The rate limit that p-queue has measures by the system's clock: set back
 * by an hour, it would let nothing through for that hour. Timers are monotonic.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import PQueue from 'p-queue'

export interface Pacer {
  /** Runs `send` when its turn comes. Rejects with an AbortError when the signal fires first. */
  send(send: () => void, signal: AbortSignal): Promise<void>
}

export function createPacer(messagesPerSecond: number): Pacer {
  const places = new PQueue({ concurrency: messagesPerSecond })
  return {
    send: (send, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted()
        const giveUp = () => reject(signal.reason)
        signal.addEventListener('abort', giveUp, { once: true })
        void places.add(async () => {
          // What was given up holds no place. The signal is not the queue's: aborted, it would free the places of what was sent.
          if (signal.aborted) return
          signal.removeEventListener('abort', giveUp)
          try {
            resolve(send())
          } catch (error) {
            reject(error)
          }
          await sleep(1000, undefined, { ref: false })
        })
      }),
  }
}
