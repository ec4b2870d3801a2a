/**
 * The listeners to the data of lines: each makes a message of what @stoqey/ib 1.6.10 decoded, and of the raw fields where it garbles
 * them. It takes an empty price for 0, makes a message of its own of the size inside a price message, and passes times as text.
 */

import { EventName, type IBApi } from '@stoqey/ib'

import type { GatewayMessage } from '../messages.ts'

/** Makes a listener that cannot throw. */
export type Guard = <A extends unknown[]>(listener: (...args: A) => void) => (...args: A) => void

/** First field of a price message. */
const TICK_PRICE = '1'

type Push = (message: GatewayMessage) => void

export function listenToLines(api: IBApi, guard: Guard, push: Push): void {
  let fields: readonly string[] = []
  api.on(
    EventName.received,
    guard((received: string[]) => {
      fields = received
    }),
  )
  const current = () => fields
  listenToAcceptance(api, guard, push)
  listenToPrices(api, guard, push, current)
  listenToOtherFields(api, guard, push)
  listenToGreeks(api, guard, push)
  listenToTickByTick(api, guard, push, current)
}

/** The type of a line's data, and its parameters: the gateway knows the line. */
function listenToAcceptance(api: IBApi, guard: Guard, push: Push): void {
  api.on(
    EventName.marketDataType,
    guard((reqId, marketDataType) => push({ type: 'line-accepted', reqId, marketDataType, arrivalMs: now() })),
  )
  api.on(
    EventName.tickReqParams,
    guard((reqId, _minTick, bboExchange) => push({ type: 'line-accepted', reqId, ...(bboExchange && { bboExchange }), arrivalMs: now() })),
  )
}

function listenToPrices(api: IBApi, guard: Guard, push: Push, fields: () => readonly string[]): void {
  api.on(
    EventName.tickPrice,
    guard((reqId, tickType, price) => {
      const raw = fields()
      push({
        type: 'price',
        reqId,
        tickType,
        price: priceOf(price, raw[4]),
        size: sizeOf(raw[5]),
        mask: priceMaskOf(raw[6]),
        arrivalMs: now(),
      })
    }),
  )
  api.on(
    EventName.tickSize,
    guard((reqId, tickType) => {
      // The library makes a message of its own of the size inside a price message, but not of the bid's: it is taken from the raw fields.
      const raw = fields()
      if (raw[0] === TICK_PRICE) return
      push({ type: 'size', reqId, tickType: tickType ?? -1, size: sizeOf(raw[4]), arrivalMs: now() })
    }),
  )
}

function listenToOtherFields(api: IBApi, guard: Guard, push: Push): void {
  api.on(
    EventName.tickString,
    guard((reqId, tickType, text) => push({ type: 'text', reqId, tickType, text, arrivalMs: now() })),
  )
  api.on(
    EventName.tickGeneric,
    guard((reqId, tickType, value) => push({ type: 'generic', reqId, tickType, value: known(value), arrivalMs: now() })),
  )
}

function listenToGreeks(api: IBApi, guard: Guard, push: Push): void {
  api.on(
    EventName.tickOptionComputation,
    guard((reqId, tickType, _attribute, impliedVolatility, delta, optionPrice, pvDividend, gamma, vega, theta, underlyingPrice) =>
      push({
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

function listenToTickByTick(api: IBApi, guard: Guard, push: Push, fields: () => readonly string[]): void {
  api.on(
    EventName.tickByTickAllLast,
    guard((reqId, _tickType, _time, price, _size, _attributes, venue, conditions) => {
      const raw = fields()
      push({
        type: 'tick-by-tick-trade',
        reqId,
        eventTsUs: timeOf(raw[3]),
        price: priceOf(price, raw[4]),
        size: sizeOf(raw[5]),
        venue: venue || undefined,
        conditions: conditions || undefined,
        mask: maskOf(raw[6]),
        arrivalMs: now(),
      })
    }),
  )
  api.on(
    EventName.tickByTickBidAsk,
    guard((reqId, _time, bidPrice, askPrice) => {
      const raw = fields()
      push({
        type: 'tick-by-tick-quote',
        reqId,
        eventTsUs: timeOf(raw[3]),
        bidPrice: priceOf(bidPrice, raw[4]),
        askPrice: priceOf(askPrice, raw[5]),
        bidSize: sizeOf(raw[6]),
        askSize: sizeOf(raw[7]),
        mask: maskOf(raw[8]),
        arrivalMs: now(),
      })
    }),
  )
}

const UNSET_SIZES: ReadonlySet<string> = new Set(['2147483647', '2147483647.0'])

const now = () => performance.now()

/** The library takes an empty price for 0. */
function priceOf(value: number | undefined, field: string | undefined): number | undefined {
  return field === '' ? undefined : known(value)
}

/** Microseconds of IB's seconds. */
function timeOf(seconds: string | undefined): number | undefined {
  const eventTsUs = Number(seconds || Number.NaN) * 1_000_000
  return Number.isSafeInteger(eventTsUs) ? eventTsUs : undefined
}

/** IB's unset values: absent, not a number, or the largest double. The library knows the -1 and -2 of each greek. */
function known(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) || value === Number.MAX_VALUE ? undefined : value
}

/**
 * A size out of its raw field. IB's unset sizes are an empty field, the largest 32-bit and 64-bit integers (the latter negative, too) and
 * the largest double; the library knows the first and the last.
 */
function sizeOf(field: string | undefined): number | undefined {
  if (!field || UNSET_SIZES.has(field)) return undefined
  const size = known(Number(field.replaceAll(',', '')))
  // Also as a double, whatever its digits.
  return size !== undefined && Math.abs(size) < 2 ** 63 ? size : undefined
}

/** Without bit 0, which most prices have: that it can be executed against automatically. */
function priceMaskOf(field: string | undefined): number | undefined {
  return Number(field) & ~1 || undefined
}

function maskOf(field: string | undefined): number | undefined {
  return Number(field) || undefined
}
