/**
 * Look-ups of definitions, a few in flight at a time: IB holds similar open queries back, and a big one keeps a gateway busy for a
 * minute. A gateway that left one without an answer gets the next ones one by one, as a time-out here does not end its work there; until
 * the next day.
 */

import PQueue from 'p-queue'

import { FeedError } from '../../../market/errors.ts'
import { SILENT } from '../link/requests.ts'

const IN_FLIGHT = 3

export class LookUps {
  readonly #queue = new PQueue({ concurrency: IN_FLIGHT })

  /** Another day: what the gateway left without an answer was a passing weakness. */
  renew(): void {
    this.#queue.concurrency = IN_FLIGHT
  }

  /** Runs `ask` when its turn comes; a lost link has what waits fail at once. */
  run<T>(ask: () => Promise<T>): Promise<T> {
    return this.#queue.add(async () => {
      try {
        return await ask()
      } catch (error) {
        if (error instanceof FeedError && error.code === SILENT) this.#queue.concurrency = 1
        throw error
      }
    })
  }
}
