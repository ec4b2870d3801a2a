/**
 * Takes a strategy's orders to the venue and what they become back: groups that cancel each other, orders that come after others, cancellations.
 * Every order that was ever given stays known.
 */

import { advance, type ComboRequest, faultOf, isOpen, type Order, type OrderRequest, splitRequest, splitUnits } from './orders.ts'
import type { Schedule } from './schedule.ts'
import type { Combo, Execution, Venue } from './venue.ts'

export interface OrderDeskOptions {
  venue: Venue
  schedule: Schedule
  nowUs: () => number
  /** Of an order on its way to the venue. */
  latencyUs: () => number
  /** Why an order is refused before it is sent, whatever it is; undefined when it is not. */
  refusal: (request: OrderRequest) => string | undefined
  refusalOfCombo: (legs: readonly OrderRequest[]) => string | undefined
}

export class OrderDesk {
  readonly #options: OrderDeskOptions
  readonly #orders: Order[] = []
  readonly #open = new Map<number, Order>()
  #combos = 0

  constructor(options: OrderDeskOptions) {
    this.#options = options
  }

  get all(): readonly Order[] {
    return this.#orders
  }

  open(): Iterable<Order> {
    return this.#open.values()
  }

  find(id: number): Order | undefined {
    return this.#orders[id - 1]
  }

  submit(request: OrderRequest): number {
    const order = this.#make(request)
    const fault = faultOf(request) ?? this.#options.refusal(request) ?? this.#faultOfParent(request)
    if (fault !== undefined) {
      advance(order, 'reject', fault)
      return order.id
    }
    this.#open.set(order.id, order)
    const parent = request.after === undefined ? undefined : this.find(request.after)
    if (!parent || parent.status === 'filled') this.#send(order)
    return order.id
  }

  /** Each leg is an order of its own; they are accepted and refused together. Returns their numbers. */
  submitCombo({ legs, quantity, limit, timeInForce, note }: ComboRequest): number[] {
    const combo = ++this.#combos
    const orders = legs.map(({ instrument, side, ratio }) =>
      this.#make({
        type: 'combo-leg',
        combo,
        instrument,
        side,
        quantity: ratio * quantity,
        ...(timeInForce ? { timeInForce } : {}),
        ...(note === undefined ? {} : { note }),
      }),
    )
    const faults = orders.map(({ request }) => faultOf(request) ?? this.#options.refusal(request))
    const fault = faults.find((one) => one !== undefined) ?? this.#options.refusalOfCombo(orders.map(({ request }) => request))
    for (const order of orders) {
      if (fault !== undefined) advance(order, 'reject', fault)
      else {
        advance(order, 'send')
        this.#open.set(order.id, order)
      }
    }
    if (fault === undefined) {
      const arrivesUs = this.#options.nowUs() + this.#options.latencyUs()
      const working: Combo = { orders, ratios: legs.map(({ ratio }) => ratio), limit }
      this.#options.schedule.at(arrivesUs, () => {
        if (orders.every(({ status }) => status === 'sent')) this.#options.venue.acceptCombo(working, arrivesUs)
      })
    }
    return orders.map(({ id }) => id)
  }

  /** An order of the broker: nobody asks whether the account can bear it, and it is at the venue at once. @param told with its number, before it trades */
  force(request: OrderRequest, told: (id: number) => void): Order {
    const order = this.#make(request, true)
    this.#open.set(order.id, order)
    told(order.id)
    advance(order, 'send')
    this.#options.venue.accept(order, this.#options.nowUs())
    return order
  }

  #make(request: OrderRequest, isForced = false): Order {
    const order: Order = {
      id: this.#orders.length + 1,
      request: { ...request },
      givenUs: this.#options.nowUs(),
      arrivedUs: Number.POSITIVE_INFINITY,
      status: 'waiting',
      left: request.quantity,
      filled: 0,
      best: undefined,
      isReleased: false,
      isForced,
      reason: undefined,
    }
    this.#orders.push(order)
    return order
  }

  #faultOfParent({ after }: OrderRequest): string | undefined {
    if (after === undefined) return undefined
    const parent = this.find(after)
    if (!parent) return `expected the number of an earlier order to come after, found ${after}`
    return isOpen(parent) || parent.filled > 0 ? undefined : `order ${after}, which it comes after, was ${parent.status}`
  }

  cancel(id: number, reason = 'cancelled by the strategy'): boolean {
    const order = this.#open.get(id)
    if (!order) return false
    this.#end(order, 'cancel', reason)
    return true
  }

  /** Cancels what is still open and fits. */
  cancelAll(fits: (order: Order) => boolean, reason: string): void {
    for (const order of this.#open.values()) if (this.#open.has(order.id) && fits(order)) this.#end(order, 'cancel', reason)
  }

  /** Orders given before a split are for as many new shares at a price that means the same; where that is not whole they are cancelled. */
  split(instrument: number, ratio: number): void {
    for (const order of this.#open.values()) {
      if (order.request.instrument !== instrument) continue
      const request = splitRequest(order.request, ratio)
      const [left, filled] = [splitUnits(order.left, ratio), splitUnits(order.filled, ratio)]
      if (!request || request.type === 'combo-leg' || left === undefined || filled === undefined) {
        this.#end(order, 'cancel', `a split by ${ratio} leaves no whole order of it`)
        continue
      }
      order.request = request
      order.left = left
      order.filled = filled
      if (order.best !== undefined) order.best /= ratio
    }
  }

  /** Ends what is still open and fits. */
  expire(fits: (order: Order) => boolean, reason: string): void {
    for (const order of this.#open.values()) if (this.#open.has(order.id) && fits(order)) this.#end(order, 'expire', reason)
  }

  /** To be told of every execution, once the account has it. */
  took({ order, quantity }: Execution): void {
    if (!isOpen(order)) this.#open.delete(order.id)
    const { oneCancelsOther } = order.request
    if (oneCancelsOther !== undefined)
      for (const other of this.#open.values())
        if (other !== order && other.request.oneCancelsOther === oneCancelsOther) this.#lessen(other, quantity)
    if (!isOpen(order)) this.#releaseAfter(order)
  }

  #lessen(order: Order, quantity: number): void {
    if (order.left > quantity) order.left -= quantity
    else this.#end(order, 'cancel', 'another order of its group was filled')
  }

  #releaseAfter(parent: Order): void {
    for (const order of this.#open.values()) {
      if (order.request.after !== parent.id || order.status !== 'waiting') continue
      if (parent.filled === 0) this.#end(order, 'cancel', `order ${parent.id}, which it comes after, was ${parent.status}`)
      else {
        order.left = Math.min(order.left, parent.filled)
        this.#send(order)
      }
    }
  }

  #send(order: Order): void {
    const { schedule, venue, nowUs, latencyUs } = this.#options
    advance(order, 'send')
    const arrivesUs = nowUs() + latencyUs()
    schedule.at(arrivesUs, () => {
      // It may have been cancelled on its way.
      if (order.status === 'sent') venue.accept(order, arrivesUs)
    })
  }

  #end(order: Order, event: 'cancel' | 'expire', reason: string): void {
    advance(order, event, reason)
    this.#open.delete(order.id)
    this.#options.venue.remove(order)
    this.#releaseAfter(order)
    // A combo is whole or nothing.
    const { request } = order
    if (request.type !== 'combo-leg') return
    for (const other of this.#open.values())
      if (other.request.type === 'combo-leg' && other.request.combo === request.combo) this.#end(other, event, reason)
  }
}
