/** Everything that changed the positions of a run, in order: its fills, and what no order made, as expiries, assignments and splits. */

import { multiplierOf } from '../../market/contract.ts'
import { toUnits } from '../engine/money.ts'
import type { RunEvent, RunResult } from '../run/result.ts'
import type { SplitOfUnits, TradedFill } from './round-trips.ts'

export function movementsOf({
  instruments,
  fills,
  events,
}: Pick<RunResult, 'instruments' | 'fills' | 'events'>): (TradedFill | SplitOfUnits)[] {
  const multipliers = new Map(instruments.map(({ instrument, contract }) => [instrument, multiplierOf(contract)]))
  const multiplier = (instrument: number) => multipliers.get(instrument) ?? 1
  const traded = fills.map((fill): TradedFill => {
    const { orderId, instrument, side, quantity, price, commission, tsUs } = fill
    return { orderId, instrument, side, quantity, price, multiplier: multiplier(instrument), cost: toUnits(commission), tsUs }
  })
  // No order has a number below 0.
  const others = events.flatMap((event, index) => changesOf(event, -1 - index, multiplier))
  if (others.length === 0) return traded
  // At one moment a split comes first, as a day begins with it, and what expires last, as a day ends with it.
  const rank = (one: TradedFill | SplitOfUnits) => ('ratio' in one ? 0 : one.orderId < 0 ? 2 : 1)
  return [...traded, ...others].sort((one, other) => one.tsUs - other.tsUs || rank(one) - rank(other))
}

function changesOf(
  { tsUs, kind, instrument, details }: RunEvent,
  orderId: number,
  multiplier: (instrument: number) => number,
): (TradedFill | SplitOfUnits)[] {
  const ratio = details?.['ratio']
  const split = kind === 'split' && instrument !== undefined && typeof ratio === 'number' ? [{ instrument, ratio, tsUs }] : []
  const moves: unknown = details?.['moves']
  const list: unknown[] = Array.isArray(moves) ? moves : []
  return [...split, ...list.filter(isMove).map((move) => moved(move, { tsUs, orderId, multiplier: multiplier(move.instrument) }))]
}

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
