/**
 * Checks a gateway for `tapedeck doctor`: handshake, clock, market data. It has a connection and a client id of its own, so that a
 * running collector is not disturbed; closing the connection ends whatever it asked for.
 */

import { randomInt } from 'node:crypto'

import { SecType } from '@stoqey/ib'
import { filter, firstValueFrom, type Observable, Subject, takeUntil, timer } from 'rxjs'

import { type Contract, describeContract } from '../../market/contract.ts'
import { orNone, underlyingDetails, underlyingFrom, type UnderlyingQuery } from './lookup/find-contracts.ts'
import { refusalOf } from './codes.ts'
import { Link } from './link/link.ts'
import { compactDate, isoDate, optionFromDetails, toIbContract } from './lookup/map-contract.ts'
import { type GatewayMessage, isLineMessage } from './messages.ts'
import { createPacer } from './link/pacer.ts'
import { isDelayedType } from './ticks/tick-types.ts'

export interface GatewayCheckSettings {
  host: string
  port: number
  /** Of the collector, which keeps it for itself. */
  clientId: number
  handshakeTimeoutMs: number
  messagesPerSecond: number
  marketDataType: number
}

/** How a line was served when it was asked for. */
export interface LineAnswer {
  contract: string
  served: 'live' | 'delayed' | 'refused' | 'no answer'
  /** No data came while it was waited for. */
  isSilent: boolean
  code?: number
  text?: string
}

/** Ids that people and their programs are unlikely to use. */
const [FIRST_ID, LAST_ID] = [900_000, 999_999]
const ID_ATTEMPTS = 3
const TIME_LIMIT_MS = 3000
/** A published time is in microseconds; the answer to a request for the time is in seconds. */
const FIRST_MICROSECOND_TIME = 1e14
/** A line is accepted at once; a refusal may take a moment. */
const LINE_LIMIT_MS = 3000

export class GatewayCheck {
  readonly #link: Link
  readonly #messages: Observable<GatewayMessage>

  private constructor(link: Link, messages: Observable<GatewayMessage>) {
    this.#link = link
    this.#messages = messages
  }

  /** Throws a FeedError that says which step of the connection failed. */
  static async begin(settings: GatewayCheckSettings): Promise<GatewayCheck> {
    for (let attempt = 1; ; attempt++) {
      const messages = new Subject<GatewayMessage>()
      const link = new Link({
        ...settings,
        clientId: otherId(settings.clientId),
        pacer: createPacer(settings.messagesPerSecond),
        onMessages: (some) => {
          for (const message of some) messages.next(message)
        },
        onLost: () => messages.complete(),
        onUnreadable: () => undefined,
        onListenerError: () => undefined,
      })
      try {
        await link.open()
        await link.requestMarketDataType(settings.marketDataType)
        return new GatewayCheck(link, messages)
      } catch (error) {
        if (!link.clientIdInUse || attempt === ID_ATTEMPTS) throw error
      }
    }
  }

  get serverVersion(): number {
    return this.#link.serverVersion
  }

  /**
   * Returns how far this machine's clock is ahead of the gateway's, as a range in milliseconds, because the gateway answers in whole
   * seconds and the answer takes its time. Undefined without an answer.
   */
  async aheadMs(): Promise<{ from: number; to: number } | undefined> {
    const answer = firstValueFrom(
      this.#messages.pipe(
        filter((message) => message.type === 'current-time'),
        filter(({ value }) => value < FIRST_MICROSECOND_TIME),
        takeUntil(timer(TIME_LIMIT_MS)),
      ),
      { defaultValue: undefined },
    )
    const askedMs = Date.now()
    await this.#link.requestCurrentTime()
    const found = await answer
    return found && { from: askedMs - (found.value + 1) * 1000, to: Date.now() - found.value * 1000 }
  }

  /** Asks for the market data of the underlying and of one of its options, for a few seconds. Empty when the gateway does not know it. */
  async lines(underlying: UnderlyingQuery): Promise<LineAnswer[]> {
    const { symbol, currency } = underlying
    const details = await underlyingDetails(this.#link, underlying)
    const root = details?.map((detail) => underlyingFrom(detail, underlying)).find((found) => found !== undefined)
    if (!root) return []
    const chains = (await orNone(this.#link.chainParameters(symbol, root.conId ?? 0, root.kind))) ?? []
    const today = new Date().toISOString().slice(0, 10)
    const expiries = chains.flatMap(({ tradingClass, expirations }) =>
      expirations.flatMap((expiration) => ({ tradingClass, expiry: isoDate(expiration) ?? '' })),
    )
    // A replay gateway's options have all expired.
    const chosen = expiries.filter(({ expiry }) => expiry >= today).sort(byExpiry)[0] ?? expiries.sort(byExpiry).at(-1)
    const options =
      chosen &&
      (await orNone(
        this.#link.contractDetails({
          symbol,
          currency,
          exchange: 'SMART',
          secType: SecType.OPT,
          lastTradeDateOrContractMonth: compactDate(chosen.expiry),
          tradingClass: chosen.tradingClass,
        }),
      ))
    const listed = (options ?? []).flatMap((detail) => optionFromDetails(detail) ?? []).sort((a, b) => a.strike - b.strike)
    const option = listed[Math.floor(listed.length / 2)]
    return Promise.all([root, ...(option ? [option] : [])].map((contract) => this.#line(contract)))
  }

  close(): void {
    this.#link.close()
  }

  async #line(contract: Contract): Promise<LineAnswer> {
    const reqId = this.#link.newReqId()
    const answer: LineAnswer = { contract: describeContract(contract), served: 'no answer', isSilent: true }
    const over = new Subject<void>()
    const heard = this.#messages.pipe(takeUntil(timer(LINE_LIMIT_MS)), takeUntil(over)).forEach((message) => {
      if (!('reqId' in message) || message.reqId !== reqId) return
      if (message.type === 'error') {
        const refusal = refusalOf(message.code)
        if (!refusal) return
        Object.assign(answer, { code: message.code, text: message.text })
        if (refusal === 'part') return
        answer.served = 'refused'
        over.next()
      } else if (message.type === 'line-accepted') {
        if (message.marketDataType === undefined) return
        answer.served = isDelayedType(message.marketDataType) ? 'delayed' : 'live'
        if (!answer.isSilent) over.next()
      } else if (isLineMessage(message)) {
        answer.isSilent = false
        if (answer.served !== 'no answer') over.next()
      }
    })
    await this.#link.openLine(reqId, toIbContract(contract), '')
    await heard
    return answer
  }
}

const byExpiry = (a: { expiry: string }, b: { expiry: string }) => (a.expiry < b.expiry ? -1 : 1)

function otherId(taken: number): number {
  const id = randomInt(FIRST_ID, LAST_ID)
  return id === taken ? LAST_ID : id
}
