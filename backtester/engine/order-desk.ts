/**
 * Takes a strategy's orders to the venue and what they become back: groups that cancel each other, orders that come after others, cancellations.
 * Every order that was ever given stays known.
 */

import { advance, faultOf, isOpen, type Order, type OrderRequest } from './orders.ts'
import type { Schedule } from './schedule.ts'
import type { Execution, Venue } from './venue.ts'

export interface OrderDeskOptions {
  venue: Venue
  schedule: Schedule
  nowUs: () => number
  /** Of an order on its way to the venue. */
  latencyUs: () => number
  /** Why an order is refused before it is sent, whatever it is; undefined when it is not. */
  refusal: (request: OrderRequest) => string | undefined
}

export class OrderDesk {
  readonly #options: OrderDeskOptions
  readonly #orders: Order[] = []
  readonly #open = new Map<number, Order>()

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
    const order: Order = {
      id: this.#orders.length + 1,
      request: { ...request },
      givenUs: this.#options.nowUs(),
      status: 'waiting',
      left: request.quantity,
      filled: 0,
      best: undefined,
      reason: undefined,
    }
    this.#orders.push(order)
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
  }
}
