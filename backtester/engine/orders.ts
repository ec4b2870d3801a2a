/**
 * Orders and their states.
 *
 * An order is `sent` until it has reached the venue; there it works, waiting for its trigger (a stop) or for its price. It ends filled,
 * cancelled by the strategy or by its group, expired with the session or the instrument, or rejected before it ever worked. An order that was
 * filled in part and then ends keeps what it has.
 */

export type Side = 'buy' | 'sell'

/** What makes an order trade. */
export type OrderTerms =
  | { type: 'market' }
  | { type: 'limit'; limit: number }
  /** A market order once the price has reached `stop`. */
  | { type: 'stop'; stop: number }
  | { type: 'stop-limit'; stop: number; limit: number }
  /** A stop that follows the best price since it works, at a distance in money or as a part of the price. */
  | { type: 'trailing-stop'; distance: number; of: 'price' | 'money' }
  /**
   * A market order at the next opening or closing price of the instrument's session: against quotes the first one from the opening on, and the one
   * that stands at the close.
   */
  | { type: 'on-open' }
  | { type: 'on-close' }
  /** Part of a combo, which trades as a whole or not at all. Made by `submitCombo`. */
  | { type: 'combo-leg'; combo: number }

/** How long an order works: until the session closes, until it is cancelled, or for the moment of its arrival alone, in part or only whole. */
export const TIMES_IN_FORCE = ['day', 'gtc', 'ioc', 'fok'] as const
export type TimeInForce = (typeof TIMES_IN_FORCE)[number]

export type OrderRequest = OrderTerms & {
  instrument: number
  side: Side
  /** Whole shares or contracts. */
  quantity: number
  /** Default: `gtc`, until it is cancelled. */
  timeInForce?: TimeInForce
  /** Orders of one name cancel each other: what is filled of one is taken off the others. */
  oneCancelsOther?: string
  /** It is sent once this order is filled, for as much as was filled. */
  after?: number
  /** For people. */
  note?: string
}

/** One trade of a combo. */
export interface ComboLeg {
  instrument: number
  side: Side
  /** Shares or contracts in one combo. */
  ratio: number
}

/** Several trades that are one: all of them at once, or none. */
export interface ComboRequest {
  legs: readonly ComboLeg[]
  /** Combos. */
  quantity: number
  /** The most that one combo may cost in money, multipliers included; negative: the least that it must bring. */
  limit: number
  timeInForce?: TimeInForce
  note?: string
}

export type OrderStatus = 'waiting' | 'sent' | 'working' | 'triggered' | 'filled' | 'cancelled' | 'expired' | 'rejected'
export type OrderEvent = 'send' | 'arrive' | 'trigger' | 'fill' | 'cancel' | 'expire' | 'reject'

/** from -> event -> to. A partial fill changes no status. */
const TRANSITIONS: Readonly<Record<OrderStatus, Partial<Record<OrderEvent, OrderStatus>>>> = {
  // For the order that it comes after.
  waiting: { send: 'sent', cancel: 'cancelled', expire: 'expired', reject: 'rejected' },
  sent: { arrive: 'working', cancel: 'cancelled', expire: 'expired', reject: 'rejected' },
  working: { trigger: 'triggered', fill: 'filled', cancel: 'cancelled', expire: 'expired' },
  triggered: { fill: 'filled', cancel: 'cancelled', expire: 'expired' },
  filled: {},
  cancelled: {},
  expired: {},
  rejected: {},
}

export interface Order {
  /** From 1, in the order in which they were given. */
  readonly id: number
  /** A split changes its quantity and prices. */
  request: Readonly<OrderRequest>
  readonly givenUs: number
  /** When it reached the venue. Infinite until then. */
  arrivedUs: number
  status: OrderStatus
  /** Units that are still to be traded. */
  left: number
  filled: number
  /** Of a trailing stop: the best price since it works. */
  best: number | undefined
  /** Of an order on the opening: the session has opened since it arrived. */
  isReleased: boolean
  /** Of the broker, to close a position: it trades no more than what is held, whatever the account can bear. */
  readonly isForced: boolean
  /** Why it was cancelled, expired or rejected. */
  reason: string | undefined
}

export function advance(order: Order, event: OrderEvent, reason?: string): void {
  const next = TRANSITIONS[order.status][event]
  if (next === undefined) throw new Error(`order ${order.id} is ${order.status}: it cannot ${event}`)
  order.status = next
  order.reason = reason
}

export function isOpen({ status }: Order): boolean {
  return status === 'waiting' || status === 'sent' || status === 'working' || status === 'triggered'
}

/** Fields of some terms that are a price or a distance of prices. */
const PRICES = ['limit', 'stop', 'distance'] as const

/** What a strategy gave as an order and what is none: its run ends with it. */
export function mistakeIn(request: OrderRequest): string | undefined {
  const { quantity, side, timeInForce, instrument } = request
  if (!Number.isSafeInteger(instrument)) return `expected the number of an instrument, found ${String(instrument)}`
  if (side !== 'buy' && side !== 'sell') return `expected side buy or sell, found ${String(side)}`
  if (!Number.isSafeInteger(quantity)) return `expected a quantity of whole units, found ${String(quantity)}`
  if (!isOrderType(request.type)) return `expected a type of order, found ${request.type}`
  if (timeInForce !== undefined && !TIMES_IN_FORCE.includes(timeInForce))
    return `expected a time in force of ${TIMES_IN_FORCE.join(', ')}, found ${timeInForce}`
  for (const name of PRICES) {
    if (!(name in request)) continue
    const value: unknown = Reflect.get(request, name)
    if (typeof value !== 'number' || !Number.isFinite(value)) return `expected ${name} to be a price, found ${String(value)}`
  }
  return undefined
}

/** The same of a combo. */
export function mistakeInCombo({ legs, quantity, limit, timeInForce }: ComboRequest): string | undefined {
  if (!Array.isArray(legs) || legs.length < 2) return 'expected a combo of two legs or more'
  if (new Set(legs.map(({ instrument }) => instrument)).size < legs.length) return 'expected each instrument in one leg of a combo'
  if (!Number.isSafeInteger(quantity)) return `expected a quantity of whole combos, found ${String(quantity)}`
  if (!Number.isFinite(limit)) return `expected limit to be money for one combo, found ${String(limit)}`
  for (const { instrument, side, ratio } of legs) {
    if (!Number.isSafeInteger(ratio) || ratio <= 0) return `expected a ratio of whole units above 0, found ${String(ratio)}`
    const mistake = mistakeIn({ type: 'market', instrument, side, quantity: ratio, ...(timeInForce ? { timeInForce } : {}) })
    if (mistake !== undefined) return mistake
  }
  return undefined
}

function isOrderType(type: OrderTerms['type']): boolean {
  switch (type) {
    case 'market':
    case 'limit':
    case 'stop':
    case 'stop-limit':
    case 'trailing-stop':
    case 'on-open':
    case 'on-close':
      return true
    case 'combo-leg':
    default:
      return false
  }
}

/** Why a request is refused, whatever the market; undefined when it is not. */
export function faultOf(request: OrderRequest): string | undefined {
  if (request.quantity <= 0) return `expected a quantity above 0, found ${request.quantity}`
  // A spread can have a negative price, a distance cannot.
  if (request.type === 'trailing-stop' && request.distance <= 0) return `expected a distance above 0, found ${request.distance}`
  return undefined
}

/** The same order for the shares after a split; undefined where that is no whole number of them. */
export function splitRequest(request: OrderRequest, ratio: number): OrderRequest | undefined {
  const quantity = splitUnits(request.quantity, ratio)
  if (!quantity) return undefined
  const split = { ...request, quantity }
  if ('limit' in split) split.limit /= ratio
  if ('stop' in split) split.stop /= ratio
  if (split.type === 'trailing-stop' && split.of === 'money') split.distance /= ratio
  return split
}

/** Units after a split; undefined where they are not whole. A ratio like 1/3 is no exact number. */
export function splitUnits(units: number, ratio: number): number | undefined {
  const whole = Math.round(units * ratio)
  return Math.abs(whole - units * ratio) < 1e-6 ? whole : undefined
}
