/** A metric over each stretch of `length` periods, the first of them whole: none where there are fewer. */

import type { Returns } from './series.ts'

export function rolling<T>(length: number, count: number, metric: (from: number, to: number) => T): T[] {
  return Array.from({ length: Math.max(0, count - length + 1) }, (_, from) => metric(from, from + length))
}

/** Of one series. */
export function rollingMetric(returns: Returns, length: number, metric: (stretch: Returns) => number): number[] {
  return rolling(length, returns.length, (from, to) => metric(returns.slice(from, to)))
}
