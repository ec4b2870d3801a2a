/** The prices of an instrument as a run knew them: those of its fills, and its marks while nothing else was held. */

import { multiplierOf } from '../../market/contract.ts'
import { movementsOf } from '../metrics/movements.ts'
import type { Movement } from '../metrics/round-trips.ts'
import type { RunResult } from '../run/result.ts'

export interface PricePoint {
  tsUs: number
  price: number
}

/** In the order of their time. */
export function pricesOf(result: Pick<RunResult, 'fills' | 'equity' | 'instruments' | 'events'>, instrument: number): PricePoint[] {
  const contract = result.instruments.find((one) => one.instrument === instrument)?.contract
  const multiplier = contract ? multiplierOf(contract) : 1
  const movements = movementsOf(result)
  const held = new Map<number, number>()
  const points: PricePoint[] = []
  let at = 0
  const last = result.equity.length - 1
  for (const [index, { tsUs, equity, cash }] of result.equity.entries()) {
    // The last point counts what expired behind it, too.
    const untilUs = index === last ? Number.POSITIVE_INFINITY : tsUs
    for (let movement = movements[at]; movement && movement.tsUs <= untilUs; movement = movements[++at]) {
      change(held, movement)
      if (movement.instrument === instrument && 'orderId' in movement && movement.orderId > 0)
        points.push({ tsUs: movement.tsUs, price: movement.price })
    }
    const quantity = held.get(instrument)
    if (quantity !== undefined && held.size === 1) points.push({ tsUs, price: (equity - cash) / (quantity * multiplier) })
  }
  return points
}

/** Of a unit: what a split leaves by rounding. */
const DUST = 1e-6

function change(held: Map<number, number>, movement: Movement): void {
  const before = held.get(movement.instrument) ?? 0
  if ('to' in movement) {
    held.delete(movement.instrument)
    if (before !== 0) held.set(movement.to, before + (held.get(movement.to) ?? 0))
    return
  }
  const after = 'ratio' in movement ? before * movement.ratio : before + (movement.side === 'buy' ? movement.quantity : -movement.quantity)
  if (Math.abs(after) < DUST) held.delete(movement.instrument)
  else held.set(movement.instrument, after)
}
