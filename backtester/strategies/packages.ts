/**
 * Takes packages that the detectors of arbitrage find, when they open, and holds them until their options expire.
 *
 * A package is entering while its orders are on their way: those of the single legs, each at no worse than the price of the finding, or one combo.
 * It is held once every leg is filled. What is filled in part when the patience is over is mended by market orders, so that each leg is filled for the
 * same number of packages: all that any leg has (complete), or what every leg has (unwind). Where an order of that is refused, it is unwound.
 */

import type { EpisodeEvent } from '../../market/arbitrage/arbitrage.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import type { Leg } from '../../market/arbitrage/opportunity.ts'
import { multiplierOf } from '../../market/contract.ts'
import { fromUnits, toUnits, type Units, worth } from '../engine/money.ts'
import { isOpen } from '../engine/orders.ts'
import type { Fill, StrategyContext, StrategyHandlers } from '../engine/strategy.ts'

export interface PackagesOptions {
  entry: 'legs' | 'combo'
  mend: 'complete' | 'unwind'
  /** Most packages of one opportunity. */
  packages: number | 'all'
  patienceMs: number
  /** Why an opportunity is left out; undefined when it is not. */
  refusal?: ((episode: Episode) => string | undefined) | undefined
}

type State = 'entering' | 'completing' | 'unwinding' | 'over'

/** from -> to. */
const TRANSITIONS: Readonly<Record<State, readonly State[]>> = {
  entering: ['completing', 'unwinding', 'over'],
  completing: ['unwinding', 'over'],
  unwinding: ['over'],
  over: [],
}

interface TakenLeg {
  leg: Leg
  /** Units in one package. */
  units: number
  /** Units that were traded in the direction of the leg, less those that were traded back. */
  filled: number
}

/** One opportunity that was taken. */
interface Taken {
  episode: Episode
  legs: readonly TakenLeg[]
  /** Packages that every leg is to have. */
  target: number
  state: State
  orders: number[]
  paid: Units
  fees: Units
  waitMs: number
}

export class Packages {
  readonly #context: StrategyContext
  readonly #options: PackagesOptions
  readonly #byOrder = new Map<number, { taken: Taken; leg: TakenLeg }>()
  /** What was taken of what is shown, by instrument and side, until another price or size is shown. */
  readonly #shown = new Map<string, { price: number; size: number; used: number }>()
  /** Options to exercise tonight. */
  readonly #exercised = new Map<number, number>()

  constructor(context: StrategyContext, options: PackagesOptions) {
    this.#context = context
    this.#options = options
  }

  handlers(): StrategyHandlers {
    return {
      onOpportunity: (event, episode) => this.#hear(event, episode),
      onFill: (fill) => this.#filled(fill),
      onSession: (event) => {
        if (event === 'open') this.#exercised.clear()
      },
    }
  }

  #hear(event: EpisodeEvent, episode: Episode): void {
    if (event !== 'opened') return
    const legs = legsOf(episode)
    const packages = this.#available(episode, legs)
    const refusal = this.#options.refusal?.(episode) ?? (packages < 1 ? 'another one takes what is shown' : undefined)
    const reason = refusal ?? this.#enter(episode, legs, packages)
    const { id, opened } = episode
    const { detector, size, multiplier, grossEdgePerShare } = opened
    if (reason !== undefined) this.#context.log('skipped', { episode: id, detector, reason })
    else {
      const edge = fromUnits(toUnits(grossEdgePerShare * multiplier * packages))
      this.#context.log('took', { episode: id, detector, packages, size, edge })
    }
  }

  /** Whole packages that are shown and not taken. */
  #available({ opened: { size } }: Episode, legs: readonly TakenLeg[]): number {
    const { packages } = this.#options
    let most = packages === 'all' ? size : Math.min(size, packages)
    for (const { leg, units } of legs) most = Math.min(most, Math.floor((leg.size - this.#shownOf(leg).used) / units))
    return most
  }

  #shownOf({ instrument, side, price, size }: Leg): { price: number; size: number; used: number } {
    const key = `${instrument} ${side}`
    const known = this.#shown.get(key)
    if (known?.price === price && known.size === size) return known
    const shown = { price, size, used: 0 }
    this.#shown.set(key, shown)
    return shown
  }

  /** Returns why an order was rejected at once; nothing is taken then. */
  #enter(episode: Episode, legs: readonly TakenLeg[], packages: number): string | undefined {
    const { patienceMs } = this.#options
    const taken: Taken = { episode, legs, target: packages, state: 'entering', orders: [], paid: 0, fees: 0, waitMs: patienceMs }
    const reason = this.#options.entry === 'combo' ? this.#enterCombo(taken) : this.#enterLegs(taken)
    if (reason !== undefined) {
      this.#cancelOpen(taken)
      return reason
    }
    for (const { leg, units } of legs) this.#shownOf(leg).used += units * packages
    this.#lookLater(taken)
    return undefined
  }

  #enterLegs(taken: Taken): string | undefined {
    const { episode, legs, target } = taken
    for (const one of legs) {
      const { instrument, side, price: limit } = one.leg
      const order = { type: 'limit', limit, instrument, side, quantity: one.units * target, timeInForce: 'ioc', note: episode.id } as const
      const reason = this.#follow(taken, one, this.#context.orders.submit(order))
      if (reason !== undefined) return reason
    }
    return undefined
  }

  #enterCombo(taken: Taken): string | undefined {
    const { episode, legs, target } = taken
    let limit = 0
    for (const { leg, units } of legs) limit += (leg.side === 'buy' ? 1 : -1) * leg.price * units * multiplierOf(leg.contract)
    const ids = this.#context.orders.submitCombo({
      legs: legs.map(({ leg: { instrument, side }, units }) => ({ instrument, side, ratio: units })),
      quantity: target,
      limit,
      timeInForce: 'ioc',
      note: episode.id,
    })
    const reasons = legs.map((one, i) => this.#follow(taken, one, ids[i] ?? 0))
    return reasons.find((reason) => reason !== undefined)
  }

  /** Returns why the order was rejected, if it was. */
  #follow(taken: Taken, leg: TakenLeg, id: number): string | undefined {
    taken.orders.push(id)
    this.#byOrder.set(id, { taken, leg })
    const order = this.#context.orders.find(id)
    return order?.status === 'rejected' ? (order.reason ?? 'rejected') : undefined
  }

  #filled({ orderId, side, quantity, price, commission }: Fill): void {
    const found = this.#byOrder.get(orderId)
    if (!found) return
    const { taken, leg } = found
    const value = worth(price, quantity, multiplierOf(leg.leg.contract))
    taken.paid += side === 'buy' ? value : -value
    taken.fees += toUnits(commission)
    leg.filled += side === leg.leg.side ? quantity : -quantity
    if (isWhole(taken)) this.#end(taken)
  }

  #lookLater(taken: Taken): void {
    this.#context.timers.after(taken.waitMs, () => this.#look(taken))
    // What waits for a size that is shown may wait for long.
    taken.waitMs *= 2
  }

  #look(taken: Taken): void {
    const { state, legs } = taken
    if (state === 'over') return
    const [least, most] = [Math.min(...legs.map(wholeOf)), Math.max(...legs.map(begunOf))]
    if (state !== 'entering' && this.#hasOpen(taken)) this.#lookLater(taken)
    else if (state === 'entering' && most > 0 && this.#options.mend === 'complete') this.#mend(taken, 'completing', most)
    else if (state !== 'unwinding') this.#mend(taken, 'unwinding', least)
    else {
      this.#context.log('broken', { episode: taken.episode.id, reason: 'a leg can neither be completed nor unwound' })
      advance(taken, 'over')
    }
  }

  /** Trades each leg to so many packages at the market. */
  #mend(taken: Taken, state: 'completing' | 'unwinding', packages: number): void {
    this.#cancelOpen(taken)
    advance(taken, state)
    taken.target = packages
    taken.waitMs = this.#options.patienceMs
    if (isWhole(taken)) return this.#end(taken)
    for (const one of taken.legs) {
      const missing = packages * one.units - one.filled
      if (missing === 0) continue
      const { instrument, side } = one.leg
      const direction = missing > 0 ? side : side === 'buy' ? 'sell' : 'buy'
      const order = { type: 'market', instrument, side: direction, quantity: Math.abs(missing), note: taken.episode.id } as const
      this.#follow(taken, one, this.#context.orders.submit(order))
    }
    this.#lookLater(taken)
  }

  #hasOpen({ orders }: Taken): boolean {
    return orders.some((id) => {
      const order = this.#context.orders.find(id)
      return order !== undefined && isOpen(order)
    })
  }

  #cancelOpen({ orders }: Taken): void {
    for (const id of orders) this.#context.orders.cancel(id)
  }

  #end(taken: Taken): void {
    const { episode, legs, target: packages, paid, fees, orders } = taken
    advance(taken, 'over')
    for (const id of orders) this.#byOrder.delete(id)
    const { detector, multiplier, grossEdgePerShare } = episode.opened
    let asked = 0
    for (const { leg, units } of legs) {
      const value = worth(leg.price, units * packages, multiplierOf(leg.contract))
      asked += leg.side === 'buy' ? value : -value
    }
    const edge = toUnits(grossEdgePerShare * multiplier * packages) + asked - paid
    const message = packages > 0 ? 'held' : paid === 0 && fees === 0 ? 'missed' : 'unwound'
    const isMended = orders.length > legs.length
    this.#context.log(message, { episode: episode.id, detector, packages, edge: fromUnits(edge), fees: fromUnits(fees), isMended })
    if (detector === 'intrinsic' && packages > 0) for (const { leg } of legs) this.#exercise(leg, packages * leg.ratio)
  }

  /** What an option brings when it is exercised the same day is what was found. */
  #exercise({ instrument, contract }: Leg, quantity: number): void {
    if (contract.kind !== 'option') return
    const tonight = (this.#exercised.get(instrument) ?? 0) + quantity
    this.#exercised.set(instrument, tonight)
    const reason = this.#context.orders.exercise(instrument, tonight)
    if (reason !== undefined) this.#context.log('not exercised', { instrument, reason })
  }
}

function legsOf({ opened: { legs, multiplier } }: Episode): TakenLeg[] {
  return legs.map((leg) => ({ leg, units: leg.ratio * (leg.contract.kind === 'option' ? 1 : multiplier), filled: 0 }))
}

function isWhole({ legs, target }: Taken): boolean {
  return legs.every(({ filled, units }) => filled === target * units)
}

const wholeOf = ({ filled, units }: TakenLeg) => Math.floor(filled / units)
const begunOf = ({ filled, units }: TakenLeg) => Math.ceil(filled / units)

function advance(taken: Taken, state: State): void {
  if (!TRANSITIONS[taken.state].includes(state)) throw new Error(`a package that is ${taken.state} cannot be ${state}`)
  taken.state = state
}
