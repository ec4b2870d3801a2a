/**
 * The state of the connection to the gateway, in one table. The feed reports attempts and losses, gateway-notices.ts what IB says of
 * itself, first-data.ts a login without data; `status`, `/readyz`, the metrics and the log read it here. docs/connection.md has the diagram.
 *
 *   connecting   a socket is being opened
 *   handshaking  the socket is open, and the gateway has not named the next valid id yet
 *   ready        the API answers, and nothing is known to keep data away
 *   degraded     the API answers, and some data cannot come: IB is away, a farm is broken, or no line gets any data
 *   paused       the API answers, and another session of the user has the market data (10197)
 *   waiting      there is no connection, and the next attempt is some time off: the gateway restarts, is not logged in, or has not
 *                noticed yet that the last connection with our client id is gone (326)
 *   stopped      no other attempt follows
 *
 * Troubles are kept by name, as several may last at once; all of them end with the connection, and the next one says anew what is wrong.
 */

import { isDeepStrictEqual } from 'node:util'

export const CONNECTION_STATES = ['connecting', 'handshaking', 'ready', 'degraded', 'paused', 'waiting', 'stopped'] as const

export type ConnectionState = (typeof CONNECTION_STATES)[number]

/**
 * `open`: the gateway accepted the socket; `greet`: the handshake is done; `trouble`: something keeps data away; `compete`: another
 * session has the data; `recover`: neither lasts; `lose`: the attempt failed or the connection is gone; `retry`: an attempt begins.
 */
export type ConnectionEvent = 'open' | 'greet' | 'trouble' | 'compete' | 'recover' | 'lose' | 'retry' | 'stop'

/** from -> event -> to. What is not here is impossible. */
export const CONNECTION_TRANSITIONS: Readonly<Record<ConnectionState, Partial<Record<ConnectionEvent, ConnectionState>>>> = {
  connecting: { open: 'handshaking', lose: 'waiting', stop: 'stopped' },
  handshaking: { greet: 'ready', lose: 'waiting', stop: 'stopped' },
  ready: { trouble: 'degraded', compete: 'paused', lose: 'waiting', stop: 'stopped' },
  degraded: { trouble: 'degraded', compete: 'paused', recover: 'ready', lose: 'waiting', stop: 'stopped' },
  paused: { compete: 'paused', trouble: 'degraded', recover: 'ready', lose: 'waiting', stop: 'stopped' },
  waiting: { retry: 'connecting', stop: 'stopped' },
  stopped: {},
}

/** `reasons`: what keeps data away, or why there is no connection; empty while all is well. */
export interface ConnectionStatus {
  state: ConnectionState
  reasons: readonly string[]
}

/** True while the API answers, whatever becomes of the data. */
export function isConnected(state: ConnectionState): boolean {
  return state === 'ready' || state === 'degraded' || state === 'paused'
}

export interface ConnectionOptions {
  onChange?: ((status: ConnectionStatus) => void) | undefined
  /** Is given a step that the table does not have, a mistake of this program. Thrown when absent. */
  onImpossible?: ((error: Error) => void) | undefined
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #troubles = new Map<string, string>()
  #competing: string | undefined
  #isHeld = false
  #status: ConnectionStatus = { state: 'connecting', reasons: [] }

  constructor(options: ConnectionOptions = {}) {
    this.#options = options
  }

  get state(): ConnectionState {
    return this.#status.state
  }

  get status(): ConnectionStatus {
    return this.#status
  }

  /** An attempt begins. */
  attempt(): void {
    if (this.state !== 'connecting') this.#move('retry', [])
  }

  /** The gateway accepted the socket. */
  opened(): void {
    this.#move('open', [])
  }

  /** The gateway named the next valid id. What it said of IB until then holds. */
  greeted(): void {
    this.#move('greet', [])
    this.#judge()
  }

  /** The attempt failed, or the connection is gone. */
  lost(reason: string): void {
    this.#forget()
    this.#move('lose', [reason])
  }

  stopped(): void {
    this.#forget()
    if (this.state !== 'stopped') this.#move('stop', [])
  }

  /** Something keeps data away, for the stated reason, until it is `over`. The same name again has another reason. */
  trouble(name: string, reason: string): void {
    if (this.#troubles.get(name) === reason) return
    this.#troubles.set(name, reason)
    this.#judge()
  }

  over(name: string): void {
    if (this.#troubles.delete(name)) this.#judge()
  }

  /** True while this trouble lasts. */
  has(name: string): boolean {
    return this.#troubles.has(name)
  }

  /** Another session of the user has the market data; undefined: none has it any more. */
  competing(reason: string | undefined): void {
    if (this.#competing === reason) return
    this.#competing = reason
    this.#judge()
  }

  /** Several changes that come at once are one. */
  together(changes: () => void): void {
    this.#isHeld = true
    changes()
    this.#isHeld = false
    this.#judge()
  }

  #judge(): void {
    if (this.#isHeld || !isConnected(this.state)) return
    const troubles = [...this.#troubles.values()]
    const reasons = this.#competing === undefined ? troubles : [this.#competing, ...troubles]
    if (isDeepStrictEqual(reasons, this.#status.reasons)) return
    if (this.#competing !== undefined) this.#move('compete', reasons)
    else if (troubles.length > 0) this.#move('trouble', reasons)
    else if (this.state !== 'ready') this.#move('recover', [])
  }

  #forget(): void {
    this.#troubles.clear()
    this.#competing = undefined
  }

  #move(event: ConnectionEvent, reasons: readonly string[]): void {
    const { onChange, onImpossible } = this.#options
    const state = CONNECTION_TRANSITIONS[this.state][event]
    if (state) {
      this.#status = { state, reasons }
      onChange?.(this.#status)
      return
    }
    const error = new Error(`The connection cannot ${event} from ${this.state}.`)
    if (!onImpossible) throw error
    onImpossible(error)
  }
}
