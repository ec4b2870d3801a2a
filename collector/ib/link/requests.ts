/**
 * Requests of one link that are answered once: definitions, history, market rules. Each gathers its answer until the end of it. The time
 * for an answer runs from when the request has left the pacer, and anew while the gateway is at work on requests of its kind.
 */

import { type ContractDetails, EventName, type HistoricalTickBidAsk, type HistoricalTickLast, type IBApi } from '@stoqey/ib'

import { FeedError } from '../../../market/errors.ts'
import type { Guard } from './line-listeners.ts'

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

/** A bar as IB sends it. */
export interface IbBar {
  /** `20140605`, or seconds since 1970 where the request asked for them. */
  date: string
  open: number
  high: number
  low: number
  close: number
  volume: number | undefined
  count: number | undefined
  wap: number | undefined
}

/** What an answer consists of, by the kind of the request. */
interface Items {
  details: ContractDetails
  chain: ChainParameters
  'newest-ticks': HistoricalTickLast | HistoricalTickBidAsk
  ticks: HistoricalTickLast | HistoricalTickBidAsk
  bars: IbBar
  /** Market rules carry their own number instead of a request id. */
  rule: { from: number; increment: number }
}

/** Servers of IB: those of one answer soon while others are busy. */
type Server = 'definitions' | 'history' | 'rules'

/** How long an answer may take. A gateway that is busy with definitions answers one request after the other, a minute each. */
interface Timeout {
  firstMs: number
  /** After an item of it. */
  nextMs: number
}

/** Code of the error of a request that got no answer. */
export const SILENT = 'gateway-silent'
/** Code of the error of requests that were open when the link was lost. */
export const LOST = 'gateway-lost'

const DEFINITION_TIMEOUT: Timeout = { firstMs: 180_000, nextMs: 60_000 }

const KINDS: Readonly<Record<keyof Items, { server: Server; timeout: Timeout }>> = {
  details: { server: 'definitions', timeout: DEFINITION_TIMEOUT },
  chain: { server: 'definitions', timeout: DEFINITION_TIMEOUT },
  'newest-ticks': { server: 'history', timeout: { firstMs: 30_000, nextMs: 30_000 } },
  // Nothing is lost by waiting for what a busy server gathers over many days.
  bars: { server: 'history', timeout: { firstMs: 120_000, nextMs: 60_000 } },
  ticks: { server: 'history', timeout: { firstMs: 120_000, nextMs: 60_000 } },
  // A look-up in a table that every gateway has, and the recording can do without.
  rule: { server: 'rules', timeout: { firstMs: 5000, nextMs: 5000 } },
}

/** How IB ends the bars of a request: `finished-20140605 00:00:00 US/Eastern-…` in the place of a date. */
const BARS_END = 'finished'

export class Requests {
  readonly #open: Readonly<Record<Server, Map<number, Request>>> = { definitions: new Map(), history: new Map(), rules: new Map() }
  readonly #send: (send: () => void) => Promise<void>

  /** `send`: through the pacer. */
  constructor(send: (send: () => void) => Promise<void>) {
    this.#send = send
  }

  /** Rejects with a RequestError when IB refuses, with a FeedError `gateway-silent` or `gateway-lost` without an answer. */
  ask<K extends keyof Items>(kind: K, id: number, send: (id: number) => void): Promise<Items[K][]> {
    const { server, timeout } = KINDS[kind]
    const requests = this.#open[server]
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
        finish(() => resolve(items as Items[K][]))
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
      }).catch(fail)
    })
  }

  /** True when the error answered an open request. */
  refused(reqId: number, text: string, code: number): boolean {
    const request = this.#open.definitions.get(reqId) ?? this.#open.history.get(reqId)
    request?.fail(new RequestError(text, code))
    return request !== undefined
  }

  failAll(error: Error): void {
    for (const requests of Object.values(this.#open)) for (const { fail } of requests.values()) fail(error)
  }

  listen(api: IBApi, guard: Guard): void {
    const { definitions, history, rules } = this.#open
    const add = (reqId: number, item: unknown) => definitions.get(reqId)?.add(item)
    const end = guard((reqId: number) => definitions.get(reqId)?.end())
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
    const takeTicks = guard((reqId: number, ticks: readonly object[], isDone: boolean) => {
      const request = history.get(reqId)
      for (const tick of ticks) request?.add(tick)
      if (isDone) request?.end()
    })
    api.on(EventName.historicalTicksLast, takeTicks)
    api.on(EventName.historicalTicksBidAsk, takeTicks)
    api.on(
      EventName.historicalData,
      guard((reqId, date, open, high, low, close, volume, count, wap) => {
        const request = history.get(reqId)
        if (date.startsWith(BARS_END)) request?.end()
        else request?.add({ date, open, high, low, close, volume, count, wap } satisfies IbBar)
      }),
    )
    api.on(
      EventName.marketRule,
      guard((id, steps) => {
        const rule = rules.get(id)
        for (const { lowEdge, increment } of steps as { lowEdge: number; increment: number }[]) rule?.add({ from: lowEdge, increment })
        rule?.end()
      }),
    )
  }
}
