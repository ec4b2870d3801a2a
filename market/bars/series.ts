/** Bars as the rules for them see them: columns of figures, one position for each bar, and the actions that explain jumps. */

import { addDays } from '../time.ts'

/** What a corporate action changed on its ex-date. */
export interface ActionOfDay {
  /** Per share that trades on the ex-date; 0: none. */
  dividend: number
  /** Shares after for each share before; 1: no split. */
  ratio: number
}

/** All bars of one length of one instrument, by rising time. */
export interface BarSeries {
  /** The database's number. */
  instrument: number
  symbol: string
  /** Session dates as days since 1970. Bars of days have each once. */
  day: Int32Array
  open: Float64Array
  high: Float64Array
  low: Float64Array
  close: Float64Array
  /** NaN: not given. */
  volume: Float64Array
  /** By ex-date, as days since 1970. */
  actions: ReadonlyMap<number, ActionOfDay>
}

export const NO_ACTION: ActionOfDay = { dividend: 0, ratio: 1 }

export const dateOfDay = (day: number): string => addDays('1970-01-01', day)

const DAY_NAMES = ['Thursday', 'Friday', 'Saturday', 'Sunday', 'Monday', 'Tuesday', 'Wednesday']
/** `Thursday 2017-10-19`: 1970 began on a Thursday. Days before it are negative. */
export const namedDay = (day: number): string => `${DAY_NAMES[((day % 7) + 7) % 7]} ${dateOfDay(day)}`

/** Undefined for none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[middle]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

/** Whether two bars have the same prices. */
export function samePrices(series: BarSeries, a: number, b: number): boolean {
  return (
    series.close[a] === series.close[b] &&
    series.open[a] === series.open[b] &&
    series.high[a] === series.high[b] &&
    series.low[a] === series.low[b]
  )
}
