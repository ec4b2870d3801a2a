/**
 * One pacer for everything that is sent to the gateway: at most N messages in any sliding second. IB counts cancels too, takes as many a
 * second as half the market-data lines of the account, and closes the socket of a client that sends more (or delays it, by a setting).
 * What waits goes out by its priority, and in order within one.
 *
 * Every message holds one of N places for a second. The rate limit that p-queue has measures by the system's clock: set back
 * by an hour, it would let nothing through for that hour. Timers are monotonic.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import PQueue from 'p-queue'

/**
 * A late heartbeat would give a link up that lives; a cancel makes room; a line that waits loses data; a look-up or a request for history
 * loses nothing by waiting.
 */
const PRIORITIES = { heartbeat: 3, cancel: 2, line: 1, history: 0 } as const

export type Priority = keyof typeof PRIORITIES

export interface Pacer {
  /** Runs `send` when its turn comes. Rejects with an AbortError when the signal fires first. */
  send(send: () => void, signal: AbortSignal, priority?: Priority): Promise<void>
  /** Sends at another rate from now on. */
  setRate(messagesPerSecond: number): void
}

/** Every account has these. */
const LEAST_LINES = 100
/** Of what IB takes. */
const SHARE = 0.8

/** Messages a second: what the account takes, less a reserve, and at most the setting. */
export function messageRate({ messagesPerSecond, lines }: { messagesPerSecond: number; lines: number }): number {
  return Math.max(1, Math.min(messagesPerSecond, Math.floor((SHARE * Math.max(lines, LEAST_LINES)) / 2)))
}

export function createPacer(messagesPerSecond: number): Pacer {
  const places = new PQueue({ concurrency: messagesPerSecond })
  return {
    setRate: (rate) => {
      places.concurrency = rate
    },
    send: (send, signal, priority = 'line') =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted()
        const giveUp = () => reject(signal.reason)
        signal.addEventListener('abort', giveUp, { once: true })
        void places.add(
          async () => {
            // What was given up holds no place. The signal is not the queue's: aborted, it would free the places of what was sent.
            if (signal.aborted) return
            signal.removeEventListener('abort', giveUp)
            try {
              resolve(send())
            } catch (error) {
              reject(error)
            }
            await sleep(1000, undefined, { ref: false })
          },
          { priority: PRIORITIES[priority] },
        )
      }),
  }
}
