/** Everything that changed the positions of a run, in order: its fills, and what no order made, as expiries, assignments and splits. */

import { multiplierOf } from '../../market/contract.ts'
import { toUnits } from '../engine/money.ts'
import type { RunEvent, RunResult } from '../run/result.ts'
import type { Movement, TradedFill } from './round-trips.ts'

export function movementsOf({ instruments, fills, events }: Pick<RunResult, 'instruments' | 'fills' | 'events'>): Movement[] {
  const multipliers = new Map(instruments.map(({ instrument, contract }) => [instrument, multiplierOf(contract)]))
  const multiplier = (instrument: number) => multipliers.get(instrument) ?? 1
  const traded = fills.map((fill): TradedFill => {
    const { orderId, instrument, side, quantity, price, commission, tsUs } = fill
    return { orderId, instrument, side, quantity, price, multiplier: multiplier(instrument), cost: toUnits(commission), tsUs }
  })
  const ranked = traded.map((movement) => ({ movement, rank: Rank.trade }))
  const others = events.flatMap((event, index) => {
    // No order has a number below 0.
    const movements = changesOf(event, -1 - index, multiplier)
    const rank = event.kind === 'split' || event.kind === 'renumbered' ? Rank.split : Rank.expiry
    return movements.map((movement) => ({ movement, rank }))
  })
  if (others.length === 0) return traded
  return [...ranked, ...others]
    .sort((one, other) => one.movement.tsUs - other.movement.tsUs || one.rank - other.rank)
    .map(({ movement }) => movement)
}

/** At one moment a split comes first, as a day begins with it, and what expires last, as a day ends with it. */
const Rank = { split: 0, trade: 1, expiry: 2 } as const

function changesOf({ tsUs, kind, instrument, details }: RunEvent, orderId: number, multiplier: (instrument: number) => number): Movement[] {
  const to = details?.['to']
  if (kind === 'renumbered' && instrument !== undefined && typeof to === 'number') return [{ instrument, to, tsUs }]
  const given: unknown = details?.['moves']
  const list: unknown[] = Array.isArray(given) ? given : []
  const moves = list.filter(isMove)
  const booked = (move: Move) => moved(move, { tsUs, orderId, multiplier: multiplier(move.instrument) })
  const ratio = details?.['ratio']
  if (kind !== 'split' || instrument === undefined || typeof ratio !== 'number') return moves.map(booked)
  // A split is told as what was held going and what it became coming: no trade. What is missing of it, a fraction of a unit, was paid out.
  const [gone, come] = moves
  const fraction = gone ? (come?.quantity ?? 0) + gone.quantity * ratio : 0
  const price = gone ? gone.price / ratio : 0
  return [{ instrument, ratio, tsUs }, ...(Math.abs(fraction) < DUST ? [] : [booked({ instrument, quantity: fraction, price })])]
}

/** Of a unit. */
const DUST = 1e-6

interface Move {
  instrument: number
  quantity: number
  price: number
}

function isMove(value: unknown): value is Move {
  if (typeof value !== 'object' || value === null) return false
  const numbers = ['instrument', 'quantity', 'price'].map((name): unknown => Reflect.get(value, name))
  return numbers.every((one) => typeof one === 'number' && Number.isFinite(one)) && numbers[1] !== 0
}

function moved(
  { instrument, quantity, price }: Move,
  { tsUs, orderId, multiplier }: { tsUs: number; orderId: number; multiplier: number },
): TradedFill {
  return { orderId, instrument, side: quantity > 0 ? 'buy' : 'sell', quantity: Math.abs(quantity), price, multiplier, cost: 0, tsUs }
}
