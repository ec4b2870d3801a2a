/**
 * Keeps one link to the gateway up: connects, shakes hands, watches the heartbeat, and begins again after a loss with a fresh link.
 *
 * Its states are those of `connection` (connection.ts). Attempts follow each other after a back-off (backoff.ts). While connected, the
 * gateway is asked for its time every `heartbeatMs`; when not a single message has come by the next beat, the link is dead whatever
 * the socket says. TWS that moves to another port (1300) is followed there; while it does not answer there, every other attempt goes to
 * the port of the settings.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { Backoff, type BackoffDelays } from './backoff.ts'
import { Connection, type ConnectionStatus } from './connection.ts'
import { FirstData } from './first-data.ts'
import { noteData } from './gateway-notices.ts'
import { Link } from './link.ts'
import type { GatewayMessage } from '../messages.ts'
import { createPacer, messageRate, type Pacer } from './pacer.ts'

export interface FeedSettings {
  host: string
  port: number
  clientId: number
  handshakeTimeoutMs: number
  heartbeatMs: number
  /** The most that is sent; an account of few lines takes less. */
  messagesPerSecond: number
  /** Market-data lines of the account, which decide how many messages it takes. */
  lines: number
  /** Other pauses between attempts than the usual ones. */
  retryDelays?: Partial<BackoffDelays> | undefined
}

export interface FeedOptions extends FeedSettings {
  /** A link is up: the handshake is done. `isFlapping`: the last ones did not last. */
  onUp: (link: Link, what: { port: number; isFlapping: boolean }) => void
  /** A link that came up while links were flapping has lasted. */
  onLasting?: ((port: number) => void) | undefined
  /** Messages of the current link, in order. */
  onMessages: (messages: GatewayMessage[]) => void
  /** An attempt failed or the link was lost; the next attempt follows in `retryMs`. */
  onDown: (reason: string, retryMs: number, attempt: number) => void
  onListenerError: (error: unknown) => void
  /** A message of the gateway that could not be decoded is lost; `what` says which, in a bounded text. */
  onUnreadable: (what: string) => void
  /** Lines are asked for and the market is open: a login without any data is to be named. Absent: never. */
  isDataExpected?: () => boolean
  /** The state of the connection, or its reasons, changed. */
  onConnection?: ((status: ConnectionStatus) => void) | undefined
  /** See Connection. */
  onImpossible?: ((error: Error) => void) | undefined
}

/** What is left of the rate at each refusal for want of it (100), and never less than that. */
const SLOWER = 0.75
const LEAST_RATE = 5
/** Refusals within that time are of one burst, which was sent at the old rate. */
const BURST_MS = 5000
/** Without a refusal for so long, one step is taken back: what else used the login's rate may be gone. */
const TRUST_MS = 3_600_000

export class Feed {
  readonly connection: Connection
  readonly #options: FeedOptions
  readonly #stop = new AbortController()
  readonly #pacer: Pacer
  /** Messages a second: what the account takes, as far as is known. */
  #fullRate: number
  #rate: number
  #slowedMs = Number.NEGATIVE_INFINITY
  #raisedMs = Number.NEGATIVE_INFINITY
  readonly #backoff: Backoff
  readonly #firstData: FirstData
  #running: Promise<void> | undefined
  #messages = 0
  /** To which the next attempt goes. */
  #port: number
  /** To which TWS has moved. */
  #movedTo: number | undefined

  constructor(options: FeedOptions) {
    this.#options = options
    this.#port = options.port
    this.#fullRate = messageRate(options)
    this.#rate = this.#fullRate
    this.#pacer = createPacer(this.#rate)
    this.#backoff = new Backoff(options.retryDelays)
    this.connection = new Connection({ onChange: options.onConnection, onImpossible: options.onImpossible })
    this.#firstData = new FirstData({ connection: this.connection, isExpected: options.isDataExpected ?? (() => false) })
  }

  /** The port that is connected to, or tried next. */
  get port(): number {
    return this.#port
  }

  /** Most messages that are sent in a second. */
  get messagesPerSecond(): number {
    return this.#rate
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Takes over another number of market-data lines of the account. */
  configure({ lines }: { lines: number }): void {
    this.#fullRate = messageRate({ ...this.#options, lines })
    this.#rate = this.#fullRate
    this.#pacer.setRate(this.#rate)
  }

  /** The gateway takes fewer messages than was thought. Returns how many a second are sent from now on: fewer, once for a burst. */
  slowDown(): number {
    if (performance.now() - this.#slowedMs >= BURST_MS) {
      this.#slowedMs = performance.now()
      this.#rate = Math.max(Math.min(this.#rate, LEAST_RATE), Math.floor(this.#rate * SLOWER))
      this.#pacer.setRate(this.#rate)
    }
    return this.#rate
  }

  #speedUp(): void {
    const nowMs = performance.now()
    if (this.#rate >= this.#fullRate || nowMs - Math.max(this.#slowedMs, this.#raisedMs) < TRUST_MS) return
    this.#raisedMs = nowMs
    this.#rate = Math.min(this.#fullRate, Math.ceil(this.#rate / SLOWER))
    this.#pacer.setRate(this.#rate)
  }

  /** Hands over what has arrived, closes the link and starts no other. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    this.connection.stopped()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    // The gateway may not have noticed yet that the old link is gone, and would take an id used there for a duplicate.
    let firstReqId = 1
    while (!signal.aborted) {
      this.#backoff.attempt()
      this.connection.attempt()
      const lost = deferred<string>()
      const link = this.#createLink(firstReqId, lost.resolve)
      const { reason, wasUp } = await this.#serve(link, lost)
      link.flush()
      link.close()
      firstReqId = link.nextReqId
      if (signal.aborted) break
      this.#choosePort(link, wasUp)
      const { attempt, retryMs } = this.#backoff.failed(link.clientIdInUse)
      this.connection.lost(reason)
      this.#options.onDown(reason, retryMs, attempt)
      await sleep(retryMs, undefined, { signal }).catch(() => undefined)
    }
    this.connection.stopped()
  }

  #createLink(firstReqId: number, onLost: (reason: string) => void): Link {
    return new Link({
      ...this.#options,
      port: this.#port,
      firstReqId,
      pacer: this.#pacer,
      onOpened: () => this.connection.opened(),
      onMessages: (messages) => {
        this.#messages += messages.length
        this.#firstData.take(messages)
        noteData(this.connection, messages)
        this.#options.onMessages(messages)
      },
      onLost,
    })
  }

  /** Returns why the link did not come up, or was lost. */
  async #serve(link: Link, lost: Deferred<string>): Promise<{ reason: string; wasUp: boolean }> {
    const { signal } = this.#stop
    const failure = await abortable(link.open(), signal).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    if (failure !== undefined) return { reason: failure, wasUp: false }
    this.#backoff.up()
    this.connection.greeted()
    this.#firstData.linkUp()
    const { isFlapping, lastingMs } = this.#backoff
    const port = this.#port
    this.#options.onUp(link, { port, isFlapping })
    const lasting = isFlapping ? setTimeout(() => this.#options.onLasting?.(port), lastingMs) : undefined
    const heartbeat = setInterval(this.#beat(link, lost.resolve), this.#options.heartbeatMs)
    const reason = await abortable(lost.promise, signal).catch(() => 'stopped')
    clearInterval(heartbeat)
    this.#firstData.linkDown()
    clearTimeout(lasting)
    return { reason, wasUp: true }
  }

  #choosePort({ movedTo }: Link, wasUp: boolean): void {
    const { port: configured } = this.#options
    if (movedTo !== undefined) this.#port = this.#movedTo = movedTo
    else if (!wasUp && this.#movedTo !== undefined) this.#port = this.#port === configured ? this.#movedTo : configured
  }

  #beat(link: Link, lose: (reason: string) => void): () => void {
    let seen = -1
    return () => {
      this.#speedUp()
      if (this.#messages === seen)
        return lose(`the gateway said nothing for ${this.#options.heartbeatMs} ms and did not answer a request for its time`)
      seen = this.#messages
      link.requestCurrentTime().catch(() => undefined)
    }
  }
}

interface Deferred<T> {
  promise: Promise<T>
  resolve: (value: T) => void
}

function deferred<T>(): Deferred<T> {
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
