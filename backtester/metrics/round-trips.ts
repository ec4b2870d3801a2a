/**
 * Round trips: what an account bought and sold again, or the other way round, matched first in, first out per instrument. What one order
 * opened and one order closed is one round trip, however many fills either took. Money is whole 1/10,000 units, so that the round trips and
 * what is still open add up to the fills. A split changes what is open: more units at a lower price, for the same money.
 */

import { share, type Units, worth } from '../engine/money.ts'

/** A change of a position, as the metrics need it. */
export interface TradedFill {
  /** What belongs together; of what no order made, a number that no order has. */
  orderId: number
  instrument: number
  side: 'buy' | 'sell'
  quantity: number
  /** Per unit of the underlying. */
  price: number
  /** Of the instrument: what one unit of it stands for. */
  multiplier: number
  /** All that this fill cost beside its price. */
  cost: Units
  tsUs: number
}

/** Each unit that is open becomes `ratio` units. */
export interface SplitOfUnits {
  instrument: number
  ratio: number
  tsUs: number
}

/** What is open in one instrument is of another from then on. */
export interface Renumbering {
  instrument: number
  to: number
  tsUs: number
}

export type Movement = TradedFill | SplitOfUnits | Renumbering

export interface RoundTrip {
  instrument: number
  /** Long: bought first. */
  direction: 'long' | 'short'
  quantity: number
  openedUs: number
  closedUs: number
  /** Per unit of the underlying, weighted by quantity. */
  entryPrice: number
  exitPrice: number
  /** Before costs. */
  gross: Units
  /** Of both sides, those of a fill by quantity. */
  cost: Units
  /** gross - cost */
  net: Units
}

/** What is left of a fill that opened. */
interface Lot {
  orderId: number
  /** Units left; negative: sold. */
  quantity: number
  price: number
  /** Money that went out for them; negative: that came in. */
  paid: Units
  cost: Units
  tsUs: number
}

/** Of a ratio like 1/3 a dust of a unit would stay open. */
const DUST = 1e-6

/** @param fills in the order of their time. Returns the round trips in the order in which they were closed. */
export function roundTrips(fills: readonly Movement[]): RoundTrip[] {
  return matchFills(fills).trips
}

/** The same, and in which instruments something is still open. */
export function matchFills(fills: readonly Movement[]): { trips: RoundTrip[]; open: number[] } {
  const lots = new Map<number, Lot[]>()
  const trips: RoundTrip[] = []
  /** Of each instrument, and the orders that made it. */
  const latest = new Map<number, { trip: RoundTrip; orders: string }>()
  for (const fill of fills) {
    const open = lots.get(fill.instrument) ?? []
    lots.set(fill.instrument, open)
    if ('ratio' in fill) {
      for (const lot of open) splitLot(lot, fill.ratio)
      continue
    }
    if ('to' in fill) {
      // None is open there yet, or what is goes the same way.
      lots.set(fill.to, [...(lots.get(fill.to) ?? []), ...open].sort(byTime))
      lots.delete(fill.instrument)
      continue
    }
    const closing = lotOf(fill)
    for (let [oldest] = open; oldest && closing.quantity !== 0 && oldest.quantity < 0 !== closing.quantity < 0; [oldest] = open) {
      const orders = `${oldest.orderId} ${closing.orderId}`
      const trip = tripOf(fill.instrument, oldest, closing)
      const last = latest.get(fill.instrument)
      if (last?.orders === orders) join(last.trip, trip)
      else {
        trips.push(trip)
        latest.set(fill.instrument, { trip, orders })
      }
      if (oldest.quantity === 0) open.shift()
    }
    if (closing.quantity !== 0) open.push(closing)
  }
  return { trips, open: [...lots].filter(([, open]) => open.length > 0).map(([instrument]) => instrument) }
}

const byTime = (one: Lot, other: Lot) => one.tsUs - other.tsUs

function splitLot(lot: Lot, ratio: number): void {
  const exact = lot.quantity * ratio
  lot.quantity = Math.abs(exact - Math.round(exact)) < DUST ? Math.round(exact) : exact
  lot.price /= ratio
}

function lotOf({ orderId, side, quantity, price, multiplier, cost, tsUs }: TradedFill): Lot {
  const signed = side === 'buy' ? quantity : -quantity
  return { orderId, quantity: signed, price, paid: worth(price, signed, multiplier), cost, tsUs }
}

/** Takes what closes off both. */
function tripOf(instrument: number, opened: Lot, closing: Lot): RoundTrip {
  const quantity = Math.min(Math.abs(opened.quantity), Math.abs(closing.quantity))
  const direction = opened.quantity > 0 ? 'long' : 'short'
  const { openedUs, closedUs } = { openedUs: opened.tsUs, closedUs: closing.tsUs }
  const [entry, exit] = [take(opened, quantity), take(closing, quantity)]
  const gross = -entry.paid - exit.paid
  const cost = entry.cost + exit.cost
  return {
    instrument,
    direction,
    quantity,
    openedUs,
    closedUs,
    entryPrice: opened.price,
    exitPrice: closing.price,
    gross,
    cost,
    net: gross - cost,
  }
}

function take(lot: Lot, quantity: number): { paid: Units; cost: Units } {
  const held = Math.abs(lot.quantity)
  const taken = { paid: share(lot.paid, quantity, held), cost: share(lot.cost, quantity, held) }
  lot.paid -= taken.paid
  lot.cost -= taken.cost
  lot.quantity -= Math.sign(lot.quantity) * quantity
  if (Math.abs(lot.quantity) < DUST) lot.quantity = 0
  return taken
}

/** Adds to a round trip what the same two orders traded later. */
function join(trip: RoundTrip, more: RoundTrip): void {
  const quantity = trip.quantity + more.quantity
  const weighted = (one: number, other: number) => (one * trip.quantity + other * more.quantity) / quantity
  trip.entryPrice = weighted(trip.entryPrice, more.entryPrice)
  trip.exitPrice = weighted(trip.exitPrice, more.exitPrice)
  trip.quantity = quantity
  trip.closedUs = more.closedUs
  trip.gross += more.gross
  trip.cost += more.cost
  trip.net += more.net
}
