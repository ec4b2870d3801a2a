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
  /** A market order at the next opening or closing price of the instrument's session. */
  | { type: 'on-open' }
  | { type: 'on-close' }

export type OrderRequest = OrderTerms & {
  instrument: number
  side: Side
  /** Whole shares or contracts. */
  quantity: number
  /** `session`: it expires when the trading session ends. Default: until it is cancelled. */
  until?: 'session' | 'cancelled'
  /** Orders of one name cancel each other: what is filled of one is taken off the others. */
  oneCancelsOther?: string
  /** It is sent once this order is filled, for as much as was filled. */
  after?: number
  /** For people. */
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
  readonly request: Readonly<OrderRequest>
  readonly givenUs: number
  status: OrderStatus
  /** Units that are still to be traded. */
  left: number
  filled: number
  /** Of a trailing stop: the best price since it works. */
  best: number | undefined
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

/** What is wrong with a request, whatever the market; undefined when nothing is. */
export function faultOf(request: OrderRequest): string | undefined {
  const { quantity, side } = request
  if (side !== 'buy' && side !== 'sell') return `expected side buy or sell, found ${String(side)}`
  if (!Number.isSafeInteger(quantity) || quantity <= 0) return `expected a quantity of whole units above 0, found ${quantity}`
  for (const name of ['limit', 'stop', 'distance'] as const) {
    if (!(name in request)) continue
    const value: unknown = Reflect.get(request, name)
    // A spread can have a negative price, a distance cannot.
    if (typeof value !== 'number' || !Number.isFinite(value)) return `expected ${name} to be a price, found ${String(value)}`
    if (name === 'distance' && value <= 0) return `expected a distance above 0, found ${value}`
  }
  return undefined
}
