/** The prices of an instrument as a run knew them: those of its fills, and its marks while nothing else was held. */

import { multiplierOf } from '../../market/contract.ts'
import type { RunResult } from '../run/result.ts'

export interface PricePoint {
  tsUs: number
  price: number
}

/** In the order of their time. */
export function pricesOf(
  { fills, equity, instruments }: Pick<RunResult, 'fills' | 'equity' | 'instruments'>,
  instrument: number,
): PricePoint[] {
  const contract = instruments.find((one) => one.instrument === instrument)?.contract
  const multiplier = contract ? multiplierOf(contract) : 1
  const held = new Map<number, number>()
  const points: PricePoint[] = []
  let at = 0
  for (const { tsUs, equity: total, cash } of equity) {
    for (let fill = fills[at]; fill && fill.tsUs <= tsUs; fill = fills[++at]) {
      const quantity = (held.get(fill.instrument) ?? 0) + (fill.side === 'buy' ? fill.quantity : -fill.quantity)
      if (quantity === 0) held.delete(fill.instrument)
      else held.set(fill.instrument, quantity)
      if (fill.instrument === instrument) points.push({ tsUs: fill.tsUs, price: fill.price })
    }
    const quantity = held.get(instrument)
    if (quantity !== undefined && held.size === 1) points.push({ tsUs, price: (total - cash) / (quantity * multiplier) })
  }
  for (const fill of fills.slice(at)) if (fill.instrument === instrument) points.push({ tsUs: fill.tsUs, price: fill.price })
  return points
}
