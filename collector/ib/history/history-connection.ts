/**
 * The connection over which history is asked for: with a client id of its own, so that a collector is not disturbed, and renewed when it is
 * lost. What was asked for over a lost link has to be asked for again.
 *
 * States: connecting -> up (requests go out) -> connecting (the link was lost; requests wait) -> closed. The first attempt decides whether
 * there is a gateway at all.
 */

import { randomInt } from 'node:crypto'

import { FeedError } from '../../../market/errors.ts'
import { Feed, type FeedSettings } from '../link/feed.ts'
import type { Link } from '../link/link.ts'
import { LOST } from '../link/requests.ts'
import { historyOver, type HistoryRequests } from './over-link.ts'

export type HistorySettings = Omit<FeedSettings, 'clientId'>

export interface HistoryConnectionOptions {
  /** The link was lost, or cannot be renewed; the next attempt follows in `retryMs`. */
  onDown?: (reason: string, retryMs: number) => void
}

/** Ids that people and their programs are unlikely to use; those of the doctor begin at 900,000. */
const [FIRST_ID, LAST_ID] = [800_000, 899_999]
/** A gateway that is away for longer is not waited for: the same command goes on from there. */
const GIVE_UP_MS = 900_000

export class HistoryConnection {
  /** While the link is away they wait, for 15 minutes at most. */
  readonly requests: HistoryRequests
  readonly #feed: Feed
  #link: Link | undefined
  #isClosed = false
  #waiting: { resolve: (link: Link) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }[] = []

  private constructor(settings: HistorySettings, onUp: () => void, onDown: (reason: string, retryMs: number) => void) {
    this.requests = historyOver(() => this.#up())
    this.#feed = new Feed({
      ...settings,
      clientId: randomInt(FIRST_ID, LAST_ID),
      onUp: (link) => {
        this.#link = link
        const waiting = this.#waiting
        this.#waiting = []
        for (const { resolve, timer } of waiting) {
          clearTimeout(timer)
          resolve(link)
        }
        onUp()
      },
      onDown: (reason, retryMs) => {
        this.#link = undefined
        onDown(reason, retryMs)
      },
      onMessages: () => undefined,
      onUnreadable: () => undefined,
      onListenerError: () => undefined,
    })
  }

  /** @throws FeedError when the first attempt fails, with the step that failed. */
  static async begin(settings: HistorySettings, { onDown }: HistoryConnectionOptions = {}): Promise<HistoryConnection> {
    let connection: HistoryConnection | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        connection = new HistoryConnection(settings, resolve, (reason, retryMs) => {
          reject(new FeedError(reason, { code: 'gateway-unreachable', retryable: true }))
          onDown?.(reason, retryMs)
        })
        connection.#feed.start()
      })
    } catch (error) {
      await connection?.close()
      throw error
    }
    if (!connection) throw new Error('no connection was begun')
    return connection
  }

  /** Ends the connection; what is open fails with `gateway-lost`. */
  async close(): Promise<void> {
    this.#isClosed = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject, timer } of waiting) {
      clearTimeout(timer)
      reject(closed())
    }
    await this.#feed.stop()
  }

  #up(): Promise<Link> {
    if (this.#isClosed) return Promise.reject(closed())
    if (this.#link && !this.#link.lost) return Promise.resolve(this.#link)
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new FeedError(GAVE_UP, { code: 'gateway-unreachable', retryable: true }))
      this.#waiting.push({ resolve, reject, timer: setTimeout(giveUp, GIVE_UP_MS) })
    })
  }
}

const GAVE_UP = `The gateway could not be reached for ${GIVE_UP_MS / 60_000} minutes. Run the same command again when it is back: it goes on from there.`

function closed(): FeedError {
  return new FeedError('The connection for history was closed.', { code: LOST, retryable: true })
}
