/** How far and how long the value lay below its highest so far. */

import { cumulative } from './returns.ts'
import type { Returns } from './series.ts'

export interface Drawdown {
  /** Fraction below the highest value so far, 0 or less. */
  depth: number
  /** Index of the high in the series of values, of the lowest value behind it, and of the value that reached the high again. */
  from: number
  lowest: number
  /** Undefined where the series ends below the high. */
  to: number | undefined
}

/** Fraction below the highest value so far, by value: 0 or less. */
export function underwater(values: readonly number[]): number[] {
  let high = Number.NEGATIVE_INFINITY
  return values.map((value) => {
    high = Math.max(high, value)
    return (value - high) / high
  })
}

/** The deepest fall below a high before it, the start included; 0 or less. NaN without periods. */
export function maxDrawdown(returns: Returns): number {
  if (returns.length === 0) return Number.NaN
  return Math.min(...underwater([1, ...cumulative(returns, 1)]))
}

/** Every fall below a high, in order. */
export function drawdowns(values: readonly number[]): Drawdown[] {
  const found: Drawdown[] = []
  let open: Drawdown | undefined
  let high = 0
  for (const [index, value] of values.entries()) {
    const top = values[high] ?? value
    if (value >= top) {
      if (open) open.to = index
      open = undefined
      high = index
      continue
    }
    const depth = (value - top) / top
    if (!open) {
      open = { depth, from: high, lowest: index, to: undefined }
      found.push(open)
    } else if (depth < open.depth) Object.assign(open, { depth, lowest: index })
  }
  return found
}
