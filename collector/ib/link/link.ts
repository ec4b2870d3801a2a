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
  ErrorCode,
  EventName,
  IBApi,
  type Contract as IbContract,
  type ContractDetails,
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

/** Answers of one request, gathered until its end. */
interface Request {
  add: (item: unknown) => void
  /** The gateway is at work on requests of this kind: the time for an answer begins anew. */
  wait: () => void
  end: () => void
  fail: (error: Error) => void
}

/** An error answer to a request, with IB's code. */
export class RequestError extends FeedError {
  readonly ibCode: number

  constructor(message: string, ibCode: number) {
    super(message, { code: `ib-${ibCode}` })
    this.ibCode = ibCode
  }
}

/** One venue's option chain as IB lists it: every expiry with every strike, existing or not. */
export interface ChainParameters {
  exchange: string
  tradingClass: string
  multiplier: number
  expirations: string[]
  strikes: number[]
}

/** How long an answer may take. A gateway that is busy with definitions answers one request after the other, a minute each. */
interface Timeout {
  firstMs: number
  /** After an item of it. */
  nextMs: number
}

/** Code of the error of a request that got no answer. */
export const SILENT = 'gateway-silent'

const DEFINITION_TIMEOUT: Timeout = { firstMs: 180_000, nextMs: 60_000 }
/** A market rule is a look-up in a table that every gateway has, and the recording can do without. */
const RULE_TIMEOUT: Timeout = { firstMs: 5000, nextMs: 5000 }
const HISTORY_TIMEOUT: Timeout = { firstMs: 30_000, nextMs: 30_000 }
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
  readonly #requests = new Map<number, Request>()
  /** Requests for history: answered by other servers than definitions, and soon or not at all. */
  readonly #history = new Map<number, Request>()
  /** Market rules that are asked for, by their own number: their messages carry no request id. */
  readonly #rules = new Map<number, Request>()
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
    return this.#request((reqId) => this.#api.reqContractDetails(reqId, contract))
  }

  /** The options on a stock or an index, venue by venue. */
  chainParameters(symbol: string, conId: number, kind: 'stock' | 'index' = 'stock'): Promise<ChainParameters[]> {
    const secType = kind === 'index' ? SecType.IND : SecType.STK
    return this.#request((reqId) => this.#api.reqSecDefOptParams(reqId, symbol, '', secType, conId))
  }

  /** The steps of a price grid. Asked for once at a time. Rejects when there is no answer, as for a rule that does not exist. */
  marketRule(id: number): Promise<PriceStep[]> {
    return this.#request((ruleId) => this.#api.reqMarketRule(ruleId), id, this.#rules, RULE_TIMEOUT)
  }

  /**
   * The newest trade, or change of the best bid and ask, that IB's history has of a contract: its time in seconds since 1970, with those of
   * the same second; none when there is none. Rejects with a RequestError when the account has no history of it.
   *
   * @param until `20140605-13:31:00`, in UTC
   */
  newestTicks(contract: IbContract, what: 'trades' | 'quotes', until: string): Promise<number[]> {
    const show = what === 'trades' ? WhatToShow.TRADES : WhatToShow.BID_ASK
    const send = (reqId: number) => this.#api.reqHistoricalTicks(reqId, contract, '', until, 1, show, false, false)
    return this.#request(send, this.newReqId(), this.#history, HISTORY_TIMEOUT)
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
    for (const { fail } of [...this.#requests.values(), ...this.#history.values(), ...this.#rules.values()])
      fail(new FeedError('The connection to the gateway was lost.', { code: 'gateway-lost', retryable: true }))
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

  /** The time for an answer runs from when the request has left the pacer. */
  #request<T>(send: (id: number) => void, id = this.newReqId(), requests = this.#requests, timeout = DEFINITION_TIMEOUT): Promise<T[]> {
    return new Promise((resolve, reject) => {
      const items: unknown[] = []
      let timer: NodeJS.Timeout | undefined
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        requests.delete(id)
        settle()
      }
      const workedOn = () => {
        for (const other of requests.values()) other.wait()
      }
      const fail = (error: Error) => {
        finish(() => reject(error))
        if (error instanceof RequestError) workedOn()
      }
      const end = () => {
        finish(() => resolve(items as T[]))
        workedOn()
      }
      const expire = (ms: number, what: string) => {
        clearTimeout(timer)
        timer = setTimeout(() => fail(new FeedError(`The gateway ${what} within ${ms / 1000} s.`, { code: SILENT, retryable: true })), ms)
      }
      const add = (item: unknown) => {
        if (items.push(item) === 1) expire(timeout.nextMs, 'sent no more of its answer')
        workedOn()
      }
      requests.set(id, { add, wait: () => timer?.refresh(), end, fail })
      this.#send(() => {
        expire(timeout.firstMs, 'did not answer')
        send(id)
      }, 'history').catch(fail)
    })
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
        const request = this.#requests.get(reqId) ?? this.#history.get(reqId)
        if (request) request.fail(new RequestError(text, code))
        else if (reqId >= 0) this.#push({ type: 'error', reqId, code, text, arrivalMs: now() })
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
    this.#listenToRequests(guard)
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

  #listenToRequests(guard: Guard): void {
    const api = this.#api
    const add = (reqId: number, item: unknown) => this.#requests.get(reqId)?.add(item)
    const end = guard((reqId: number) => this.#requests.get(reqId)?.end())
    api.on(EventName.contractDetails, guard(add))
    api.on(EventName.contractDetailsEnd, end)
    api.on(
      EventName.securityDefinitionOptionParameter,
      guard((reqId, exchange, _underlyingConId, tradingClass, multiplier, expirations, strikes) => {
        const parameters: ChainParameters = { exchange, tradingClass, multiplier: Number(multiplier), expirations, strikes }
        add(reqId, parameters)
      }),
    )
    api.on(EventName.securityDefinitionOptionParameterEnd, end)
    const takeTicks = guard((reqId: number, ticks: readonly { time?: number }[], isDone: boolean) => {
      const request = this.#history.get(reqId)
      for (const { time } of ticks) if (time !== undefined) request?.add(time)
      if (isDone) request?.end()
    })
    api.on(EventName.historicalTicksLast, takeTicks)
    api.on(EventName.historicalTicksBidAsk, takeTicks)
    api.on(
      EventName.marketRule,
      guard((id, steps) => {
        const rule = this.#rules.get(id)
        for (const { lowEdge, increment } of steps as { lowEdge: number; increment: number }[]) rule?.add({ from: lowEdge, increment })
        rule?.end()
      }),
    )
  }
}
