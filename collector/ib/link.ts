/**
 * One connection attempt to the gateway and, when it succeeds, the connection. Never reused: a lost link is thrown away with its
 * client object, because @stoqey/ib replays queued commands and stale listeners into the next connection of the same object.
 *
 * States: opening -> up (the gateway named the next valid id) -> lost. A link that does not come up within the handshake time is
 * lost; a TCP connect alone proves nothing. Listeners only collect messages; `onMessages` is called with them in a later turn of
 * the event loop, in order.
 */

import { setMaxListeners } from 'node:events'

import { EventName, IBApi, type Contract as IbContract, type ContractDetails } from '@stoqey/ib'

import { FeedError } from '../../market/errors.ts'
import { CLIENT_ID_IN_USE } from './ib-errors.ts'
import type { GatewayMessage } from './messages.ts'
import type { Pacer } from './pacer.ts'

export interface LinkOptions {
  host: string
  port: number
  clientId: number
  handshakeTimeoutMs: number
  /** 1 when absent. */
  firstReqId?: number
  pacer: Pacer
  /** Messages since the last call, in order. */
  onMessages: (messages: GatewayMessage[]) => void
  onLost: (reason: string) => void
  /** A listener failed; never expected. */
  onListenerError: (error: unknown) => void
}

/** Answers of one request, gathered until its end. */
interface Request {
  add: (item: unknown) => void
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

const REQUEST_TIMEOUT_MS = 30_000
/** The library's own limiter must never hold messages back: its queue survives a reconnect. Our pacer is in front. */
const LIBRARY_RATE = 10_000
/** First field of a price message; its size is the sixth. */
const TICK_PRICE = '1'

export class Link {
  readonly #options: LinkOptions
  readonly #api: IBApi
  readonly #abort = new AbortController()
  readonly #requests = new Map<number, Request>()
  #inbox: GatewayMessage[] = []
  #scheduled = false
  /** The raw fields of the message that is being decoded. */
  #fields: readonly string[] = []
  #nextReqId: number
  #handshake: NodeJS.Timeout | undefined
  #lost = false
  #up = false
  #lastError = ''

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
            'Check that the API is enabled there and that nobody has to confirm the connection.',
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

  get lost(): boolean {
    return this.#lost
  }

  /** The first id that this link has not used. */
  get nextReqId(): number {
    return this.#nextReqId
  }

  newReqId(): number {
    return this.#nextReqId++
  }

  requestCurrentTime(): Promise<void> {
    return this.#send(() => this.#api.reqCurrentTime())
  }

  requestMarketDataType(type: number): Promise<void> {
    return this.#send(() => this.#api.reqMarketDataType(type))
  }

  openLine(reqId: number, contract: IbContract, genericTicks: string): Promise<void> {
    return this.#send(() => this.#api.reqMktData(reqId, contract, genericTicks, false, false))
  }

  closeLine(reqId: number): Promise<void> {
    return this.#send(() => this.#api.cancelMktData(reqId))
  }

  /** Every listed contract that matches. Empty fields match all. Rejects with a RequestError, code 200 when there is none. */
  contractDetails(contract: IbContract): Promise<ContractDetails[]> {
    return this.#request((reqId) => this.#api.reqContractDetails(reqId, contract))
  }

  chainParameters(symbol: string, conId: number): Promise<ChainParameters[]> {
    return this.#request((reqId) => this.#api.reqSecDefOptParams(reqId, symbol, '', 'STK', conId))
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
    for (const { fail } of this.#requests.values())
      fail(new FeedError('The connection to the gateway was lost.', { code: 'gateway-lost', retryable: true }))
    this.#requests.clear()
  }

  #lose(reason: string): void {
    if (this.#lost) return
    this.#deliver()
    this.close()
    this.#options.onLost(reason)
  }

  async #send(send: () => void): Promise<void> {
    await this.#options.pacer.send(send, this.#abort.signal)
  }

  #request<T>(send: (reqId: number) => void): Promise<T[]> {
    const reqId = this.newReqId()
    return new Promise((resolve, reject) => {
      const items: unknown[] = []
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#requests.delete(reqId)
        settle()
      }
      const fail = (error: Error) => finish(() => reject(error))
      const timer = setTimeout(() => {
        fail(
          new FeedError(`The gateway did not answer within ${REQUEST_TIMEOUT_MS / 1000} s.`, { code: 'gateway-silent', retryable: true }),
        )
      }, REQUEST_TIMEOUT_MS)
      this.#requests.set(reqId, { add: (item) => items.push(item), end: () => finish(() => resolve(items as T[])), fail })
      this.#send(() => send(reqId)).catch(fail)
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
    const guard =
      <A extends unknown[]>(listener: (...args: A) => void) =>
      (...args: A) => {
        try {
          listener(...args)
        } catch (error) {
          this.#options.onListenerError(error)
        }
      }
    const now = () => performance.now()

    api.on(EventName.nextValidId, guard(onUp))
    api.on(
      EventName.disconnected,
      guard(() => onDown(this.#lastError || 'the gateway closed the connection')),
    )
    api.on(
      EventName.error,
      guard((error, code, reqId) => {
        const text = error.message
        this.#lastError = text
        const request = this.#requests.get(reqId)
        if (request) request.fail(new RequestError(text, code))
        else if (reqId >= 0) this.#push({ type: 'error', reqId, code, text, arrivalMs: now() })
        else if (!this.#up && code >= 500 && code < 510) onDown(text)
        else this.#push({ type: 'notice', code, text, arrivalMs: now() })
      }),
    )
    api.on(
      EventName.info,
      guard((text, code) => {
        if (code === CLIENT_ID_IN_USE) this.#lastError = text
        this.#push({ type: 'notice', code, text, arrivalMs: now() })
      }),
    )
    api.on(
      EventName.currentTime,
      guard((value) => this.#push({ type: 'current-time', value, arrivalMs: now() })),
    )
    this.#listenToRequests(guard)
    this.#listenToLines(guard, now)
  }

  #listenToRequests(guard: <A extends unknown[]>(listener: (...args: A) => void) => (...args: A) => void): void {
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
  }

  #listenToLines(guard: <A extends unknown[]>(listener: (...args: A) => void) => (...args: A) => void, now: () => number): void {
    const api = this.#api
    const accepted = guard((reqId: number) => this.#push({ type: 'line-accepted', reqId, arrivalMs: now() }))
    api.on(EventName.marketDataType, accepted)
    api.on(EventName.tickReqParams, accepted)
    api.on(
      EventName.received,
      guard((fields: string[]) => {
        this.#fields = fields
      }),
    )
    api.on(
      EventName.tickPrice,
      guard((reqId, tickType, price) =>
        this.#push({ type: 'price', reqId, tickType, price: known(price), size: sizeOf(this.#fields[5]), arrivalMs: now() }),
      ),
    )
    api.on(
      EventName.tickSize,
      guard((reqId, tickType, size) => {
        // The library makes a message of its own of the size inside a price message, but not of the bid's: it is taken from the raw fields.
        if (this.#fields[0] === TICK_PRICE) return
        this.#push({ type: 'size', reqId, tickType: tickType ?? -1, size: known(size), arrivalMs: now() })
      }),
    )
    api.on(
      EventName.tickString,
      guard((reqId, tickType, text) => this.#push({ type: 'text', reqId, tickType, text, arrivalMs: now() })),
    )
    api.on(
      EventName.tickGeneric,
      guard((reqId, tickType, value) => this.#push({ type: 'generic', reqId, tickType, value: known(value), arrivalMs: now() })),
    )
    api.on(
      EventName.tickOptionComputation,
      guard((reqId, tickType, _attribute, impliedVolatility, delta, optionPrice, pvDividend, gamma, vega, theta, underlyingPrice) =>
        this.#push({
          type: 'greeks',
          reqId,
          tickType,
          impliedVolatility: known(impliedVolatility),
          delta: known(delta),
          gamma: known(gamma),
          vega: known(vega),
          theta: known(theta),
          optionPrice: known(optionPrice),
          pvDividend: known(pvDividend),
          underlyingPrice: known(underlyingPrice),
          arrivalMs: now(),
        }),
      ),
    )
  }
}

/** IB's unset values: absent, not a number, or the largest double. The library knows the -1 and -2 of each greek. */
function known(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) || value === Number.MAX_VALUE ? undefined : value
}

function sizeOf(field: string | undefined): number | undefined {
  return field ? known(Number(field.replaceAll(',', ''))) : undefined
}
