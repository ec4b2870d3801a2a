/**
 * Keeps one link to the gateway up: connects, shakes hands, watches the heartbeat, and begins again after a loss with a fresh link.
 *
 * States, in `state$`: connecting -> up -> connecting -> … -> stopped. Attempts follow each other after a back-off (backoff.ts). While
 * up, the gateway is asked for its time every `heartbeatMs`; when not a single message has come by the next beat, the link is dead
 * whatever the socket says.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { BehaviorSubject } from 'rxjs'

import { Backoff, type BackoffDelays } from './backoff.ts'
import { Link } from './link.ts'
import type { GatewayMessage } from '../messages.ts'
import { createPacer } from './pacer.ts'

export type FeedState = { phase: 'connecting'; attempt: number; reason?: string } | { phase: 'up'; link: Link } | { phase: 'stopped' }

export interface FeedSettings {
  host: string
  port: number
  clientId: number
  handshakeTimeoutMs: number
  heartbeatMs: number
  messagesPerSecond: number
  /** Other pauses than the usual ones between attempts to connect. */
  retryDelays?: Partial<BackoffDelays>
}

export interface FeedOptions extends FeedSettings {
  /** Messages of the current link, in order. */
  onMessages: (messages: GatewayMessage[]) => void
  /** An attempt failed or the link was lost; the next attempt follows in `retryMs`. */
  onDown: (reason: string, retryMs: number) => void
  onListenerError: (error: unknown) => void
  /** A message of the gateway that could not be decoded is lost; `what` says which, in a bounded text. */
  onUnreadable: (what: string) => void
}

export class Feed {
  readonly state$ = new BehaviorSubject<FeedState>({ phase: 'connecting', attempt: 1 })
  readonly #options: FeedOptions
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  #messages = 0

  constructor(options: FeedOptions) {
    this.#options = options
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Hands over what has arrived, closes the link and starts no other. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const pacer = createPacer(this.#options.messagesPerSecond)
    const { signal } = this.#stop
    const backoff = new Backoff(this.#options.retryDelays)
    // The gateway may not have noticed yet that the old link is gone, and would take an id used there for a duplicate.
    let firstReqId = 1
    while (!signal.aborted) {
      const lost = deferred<string>()
      const link = new Link({
        ...this.#options,
        firstReqId,
        pacer,
        onMessages: (messages) => {
          this.#messages += messages.length
          this.#options.onMessages(messages)
        },
        onLost: lost.resolve,
      })
      let reason: string
      try {
        await abortable(link.open(), signal)
        backoff.up()
        this.state$.next({ phase: 'up', link })
        const heartbeat = setInterval(this.#beat(link, lost.resolve), this.#options.heartbeatMs)
        reason = await abortable(lost.promise, signal).finally(() => clearInterval(heartbeat))
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
      }
      link.flush()
      link.close()
      firstReqId = link.nextReqId
      if (signal.aborted) break
      const { attempt, retryMs } = backoff.failed(link.clientIdInUse)
      this.state$.next({ phase: 'connecting', attempt, reason })
      this.#options.onDown(reason, retryMs)
      await sleep(retryMs, undefined, { signal }).catch(() => undefined)
    }
    this.state$.next({ phase: 'stopped' })
  }

  #beat(link: Link, lose: (reason: string) => void): () => void {
    let seen = -1
    return () => {
      if (this.#messages === seen)
        return lose(`the gateway said nothing for ${this.#options.heartbeatMs} ms and did not answer a request for its time`)
      seen = this.#messages
      link.requestCurrentTime().catch(() => undefined)
    }
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error('stopped'))
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
