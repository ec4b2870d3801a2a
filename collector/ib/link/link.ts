/**
 * One connection attempt to the gateway and, when it succeeds, the connection. Never reused: a lost link is thrown away with its
 * client object, because @stoqey/ib replays queued commands and stale listeners into the next connection of the same object.
 *
 * States: opening -> up (the gateway named the next valid id) -> lost. A link that does not come up within the handshake time is
 * lost; a TCP connect alone proves nothing. Listeners only collect messages; `onMessages` is called with them in a later turn of
 * the event loop, in order.
 */

import { setMaxListeners } from 'node:events'

import {
  type BarSizeSetting,
  ErrorCode,
  EventName,
  IBApi,
  type Contract as IbContract,
  type ContractDetails,
  type HistoricalTickBidAsk,
  type HistoricalTickLast,
  SecType,
  TickByTickDataType,
  WhatToShow,
} from '@stoqey/ib'

import type { PriceStep } from '../../../market/contract.ts'
import { FeedError } from '../../../market/errors.ts'
import { guardFrames } from './frame-guard.ts'
import { CLIENT_ID_IN_USE, PORT_CHANGED } from '../codes.ts'
import { type Guard, listenToLines } from './line-listeners.ts'
import type { GatewayMessage } from '../messages.ts'
import type { Pacer, Priority } from './pacer.ts'
import { type ChainParameters, type IbBar, LOST, Requests, SILENT } from './requests.ts'

export interface LinkOptions {
  host: string
  port: number
  clientId: number
  handshakeTimeoutMs: number
  /** 1 when absent. */
  firstReqId?: number
  pacer: Pacer
  /** The gateway accepted the socket; the handshake follows. */
  onOpened?: () => void
  /** Messages since the last call, in order. */
  onMessages: (messages: GatewayMessage[]) => void
  onLost: (reason: string) => void
  /** A message that could not be decoded is lost; `what` says which, in a bounded text. */
  onUnreadable: (what: string) => void
  /** A listener failed; never expected. */
  onListenerError: (error: unknown) => void
}

/** In IB's words. */
export interface BarsQuery {
  /** `20140605-20:00:00`, in UTC. */
  end: string
  /** `1800 S`, `5 D`. */
  duration: string
  /** `1 min`, `1 day`. */
  size: string
  /** `TRADES`, `BID_ASK`. */
  show: string
}

/** Times of bars in seconds since 1970. */
const AS_SECONDS = 2
/** The library's own limiter must never hold messages back: its queue survives a reconnect. Our pacer is in front. */
const LIBRARY_RATE = 10_000
/** The library has reported a message of no known kind already, and says of its fields that they were left over. */
const SAID_TWICE = 'Decoding error on undefined:'
/** Characters kept of a text of the gateway; it is logged, and may become the cause of a gap. */
const MAX_TEXT = 1000
/** An error so shortly before the end of the connection is its reason. */
const LAST_WORD_MS = 5000

export class Link {
  readonly #options: LinkOptions
  readonly #api: IBApi
  readonly #abort = new AbortController()
  readonly #requests: Requests
  /** Requests for lines that have not left the pacer. */
  readonly #opening = new Map<number, Promise<void>>()
  #inbox: GatewayMessage[] = []
  #scheduled = false
  #nextReqId: number
  #handshake: NodeJS.Timeout | undefined
  #lost = false
  #up = false
  #lastError = ''
  #lastErrorMs = Number.NEGATIVE_INFINITY
  #clientIdInUse = false
  #movedTo: number | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#nextReqId = options.firstReqId ?? 1
    this.#requests = new Requests((send) => this.#send(send, 'history'))
    // Every message that waits in the pacer listens for the end of the link.
    setMaxListeners(0, this.#abort.signal)
    this.#api = new IBApi({ host: options.host, port: options.port, clientId: options.clientId, maxReqPerSec: LIBRARY_RATE })
  }

  /** Connects and shakes hands. Rejects with a FeedError that says which step failed. */
  open(): Promise<void> {
    const { host, port, handshakeTimeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => {
        this.close()
        reject(new FeedError(reason, { code: 'gateway-unreachable', retryable: true }))
      }
      this.#handshake = setTimeout(() => {
        fail(
          `${host}:${port} did not finish the TWS handshake within ${handshakeTimeoutMs} ms${this.#lastError && ` (${this.#lastError})`}. ` +
            'Check that the API is enabled there and that no dialog waits for the connection to be confirmed.',
        )
      }, handshakeTimeoutMs)
      this.#listen(
        () => {
          clearTimeout(this.#handshake)
          this.#up = true
          resolve()
        },
        (reason) => {
          if (this.#up) this.#lose(reason)
          else fail(`No connection to ${host}:${port}: ${reason}`)
        },
      )
      this.#api.connect()
    })
  }

  /** The protocol version that both sides agreed on when the link came up. */
  get serverVersion(): number {
    return this.#api.serverVersion
  }

  get lost(): boolean {
    return this.#lost
  }

  /** True when the gateway has refused the connection because another one has its client id. */
  get clientIdInUse(): boolean {
    return this.#clientIdInUse
  }

  /** The port to which TWS has moved, when that ended the link. */
  get movedTo(): number | undefined {
    return this.#movedTo
  }

  /** The first id that this link has not used. */
  get nextReqId(): number {
    return this.#nextReqId
  }

  newReqId(): number {
    return this.#nextReqId++
  }

  requestCurrentTime(): Promise<void> {
    return this.#send(() => this.#api.reqCurrentTime(), 'heartbeat')
  }

  requestMarketDataType(type: number): Promise<void> {
    return this.#send(() => this.#api.reqMarketDataType(type))
  }

  openLine(reqId: number, contract: IbContract, genericTicks: string): Promise<void> {
    return this.#open(reqId, () => this.#api.reqMktData(reqId, contract, genericTicks, false, false))
  }

  closeLine(reqId: number): Promise<void> {
    return this.#close(reqId, () => this.#api.cancelMktData(reqId))
  }

  /** One message for every trade, or for every change of the best bid and ask. IB serves a handful of such lines. */
  openTickByTick(reqId: number, contract: IbContract, what: 'trades' | 'quotes'): Promise<void> {
    const type = what === 'trades' ? TickByTickDataType.AllLast : TickByTickDataType.BidAsk
    return this.#open(reqId, () => this.#api.reqTickByTickData(reqId, contract, type, 0, false))
  }

  closeTickByTick(reqId: number): Promise<void> {
    return this.#close(reqId, () => this.#api.cancelTickByTickData(reqId))
  }

  /** Every listed contract that matches. Empty fields match all. Rejects with a RequestError, code 200 when there is none. */
  contractDetails(contract: IbContract): Promise<ContractDetails[]> {
    return this.#requests.ask('details', this.newReqId(), (reqId) => this.#api.reqContractDetails(reqId, contract))
  }

  /** The options on a stock or an index, venue by venue. */
  chainParameters(symbol: string, conId: number, kind: 'stock' | 'index' = 'stock'): Promise<ChainParameters[]> {
    const secType = kind === 'index' ? SecType.IND : SecType.STK
    return this.#requests.ask('chain', this.newReqId(), (reqId) => this.#api.reqSecDefOptParams(reqId, symbol, '', secType, conId))
  }

  /** The steps of a price grid. Asked for once at a time. Rejects when there is no answer, as for a rule that does not exist. */
  marketRule(id: number): Promise<PriceStep[]> {
    return this.#requests.ask('rule', id, (ruleId) => this.#api.reqMarketRule(ruleId))
  }

  /**
   * The newest trade, or change of the best bid and ask, that IB's history has of a contract: its time in seconds since 1970, with those of
   * the same second; none when there is none. Rejects with a RequestError when the account has no history of it.
   *
   * @param until `20140605-13:31:00`, in UTC
   */
  async newestTicks(contract: IbContract, what: 'trades' | 'quotes', until: string): Promise<number[]> {
    const show = what === 'trades' ? WhatToShow.TRADES : WhatToShow.BID_ASK
    const send = (reqId: number) => this.#api.reqHistoricalTicks(reqId, contract, '', until, 1, show, false, false)
    const ticks = await this.#requests.ask('newest-ticks', this.newReqId(), send)
    return ticks.flatMap(({ time }) => time ?? [])
  }

  /**
   * Ticks of IB's history, oldest first: so many from a second on, and the rest of the last one's second. Rejects as `bars` does.
   *
   * @param from `20140605-13:31:00`, in UTC
   */
  historyTicks(
    contract: IbContract,
    what: 'trades' | 'quotes',
    from: string,
    count: number,
  ): Promise<(HistoricalTickLast | HistoricalTickBidAsk)[]> {
    const show = what === 'trades' ? WhatToShow.TRADES : WhatToShow.BID_ASK
    const send = (reqId: number) => this.#api.reqHistoricalTicks(reqId, contract, from, '', count, show, false, false)
    return this.#requests.ask('ticks', this.newReqId(), send)
  }

  /**
   * Bars of regular trading hours, oldest first. Rejects with a RequestError when IB has none or gives none, with a FeedError
   * `gateway-silent` when it does not answer: it is told that the answer is not waited for any more.
   */
  async bars(contract: IbContract, { end, duration, size, show }: BarsQuery): Promise<IbBar[]> {
    const id = this.newReqId()
    const send = (reqId: number) =>
      this.#api.reqHistoricalData(reqId, contract, end, duration, size as BarSizeSetting, show as WhatToShow, 1, AS_SECONDS, false)
    try {
      return await this.#requests.ask('bars', id, send)
    } catch (error) {
      if (error instanceof FeedError && error.code === SILENT) await this.#send(() => this.#api.cancelHistoricalData(id), 'cancel')
      throw error
    }
  }

  close(): void {
    if (this.#lost) return
    this.#lost = true
    clearTimeout(this.#handshake)
    this.#abort.abort()
    this.#api.removeAllListeners()
    // The socket may still report an error after this; without a listener that would end the process.
    this.#api.on(EventName.error, () => undefined)
    this.#api.disconnect()
    this.#requests.failAll(new FeedError('The connection to the gateway was lost.', { code: LOST, retryable: true }))
  }

  #lose(reason: string): void {
    if (this.#lost) return
    this.#deliver()
    this.close()
    this.#options.onLost(reason)
  }

  async #send(send: () => void, priority?: Priority): Promise<void> {
    await this.#options.pacer.send(send, this.#abort.signal, priority)
  }

  async #open(reqId: number, send: () => void): Promise<void> {
    const sent = this.#send(send, 'line')
    this.#opening.set(reqId, sent)
    await sent.finally(() => this.#opening.delete(reqId))
  }

  /** A cancel goes first, but not ahead of the request that it cancels: the line would be open for ever. */
  #close(reqId: number, send: () => void): Promise<void> {
    const cancel = () => this.#send(send, 'cancel')
    return this.#opening.get(reqId)?.then(cancel) ?? cancel()
  }

  #push(message: GatewayMessage): void {
    this.#inbox.push(message)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    if (this.#inbox.length === 0) return
    const messages = this.#inbox
    this.#inbox = []
    this.#options.onMessages(messages)
  }

  /** Everything that has arrived so far is delivered. */
  flush(): void {
    this.#deliver()
  }

  #listen(onUp: () => void, onDown: (reason: string) => void): void {
    const api = this.#api
    // An exception in a listener would end the process and leave the rest of the socket's data unread.
    const guard: Guard =
      (listener) =>
      (...args) => {
        try {
          listener(...args)
        } catch (error) {
          this.#options.onListenerError(error)
        }
      }
    const now = () => performance.now()
    const unreadable = (what: string) => this.#options.onUnreadable(what.slice(0, MAX_TEXT))

    api.once(
      EventName.sent,
      guard(() => this.#options.onOpened?.()),
    )
    guardFrames(api, { onBroken: onDown, onUnreadable: (error) => unreadable(error instanceof Error ? error.message : String(error)) })
    api.on(EventName.nextValidId, guard(onUp))
    api.on(
      EventName.disconnected,
      guard(() => onDown(this.#lastWord || 'the gateway closed the connection')),
    )
    api.on(
      EventName.error,
      guard((error, code, reqId) => {
        // Not a word of the gateway's: the library reports a message that it could not decode.
        if (this.#up && code === ErrorCode.UNKNOWN_ID && reqId < 0) {
          if (!error.message.startsWith(SAID_TWICE)) unreadable(error.message)
          return
        }
        const text = error.message.slice(0, MAX_TEXT)
        // What was said of one request is no reason for the end of the link.
        if (!this.#up || reqId < 0) this.#said(text)
        if (this.#requests.refused(reqId, text, code)) return
        if (reqId >= 0) this.#push({ type: 'error', reqId, code, text, arrivalMs: now() })
        else if (!this.#up && code >= 500 && code < 510) onDown(text)
        // The socket's own failure is no word of the gateway's, and must not end a quote that was arriving. The end of the link follows.
        else if (code !== ErrorCode.CONNECT_FAIL) this.#push({ type: 'notice', code, text, arrivalMs: now() })
      }),
    )
    api.on(
      EventName.info,
      guard((words, code) => {
        const text = words.slice(0, MAX_TEXT)
        if (code === CLIENT_ID_IN_USE) {
          this.#said(text)
          this.#clientIdInUse = true
        }
        this.#push({ type: 'notice', code, text, arrivalMs: now() })
        if (code === PORT_CHANGED) this.#move(text, onDown)
      }),
    )
    api.on(
      EventName.currentTime,
      guard((value) => this.#push({ type: 'current-time', value, arrivalMs: now() })),
    )
    this.#requests.listen(api, guard)
    listenToLines(api, guard, (message) => this.#push(message))
  }

  #said(error: string): void {
    this.#lastError = error
    this.#lastErrorMs = performance.now()
  }

  /** What it said as it closed the connection. An error of long before is no reason. */
  get #lastWord(): string {
    return performance.now() - this.#lastErrorMs < LAST_WORD_MS ? this.#lastError : ''
  }

  /** `… Please reconnect on the new port - 7498`. Without a number the gateway's closing of the socket ends the link. */
  #move(text: string, onDown: (reason: string) => void): void {
    const port = Number(/(\d+)\D*$/.exec(text)?.[1])
    if (!(port > 0 && port < 65_536)) return
    this.#movedTo = port
    onDown(text)
  }
}
