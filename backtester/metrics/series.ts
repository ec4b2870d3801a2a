/**
 * Sums over series of returns, as the metrics use them. A return is a fraction (0.01 is 1 %); NaN is a period without one and is left out of
 * sums, but counts as a period. What is not defined is NaN here; metrics of a report turn that into "not defined".
 */

/** Periods in a year, as empyrical counts them. */
export const PERIODS = { day: 252, week: 52, month: 12, quarter: 4, year: 1 } as const

/** One return for each period, or the same one for all. */
export type Returns = readonly number[]

export function known(values: Returns): number[] {
  return values.filter((value) => !Number.isNaN(value))
}

export function sum(values: Returns): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Of the known values; NaN without any. */
export function mean(values: Returns): number {
  const present = known(values)
  return sum(present) / present.length
}

/** Of the sample (ddof 1), of the known values. Exactly 0 where all are equal, whatever the rounding of their mean; NaN below two. */
export function deviation(values: Returns): number {
  const present = known(values)
  if (present.length < 2) return Number.NaN
  if (present.every((value) => value === present[0])) return 0
  const middle = mean(present)
  return Math.sqrt(sum(present.map((value) => (value - middle) ** 2)) / (present.length - 1))
}

/** Takes a return, or one for each period, off each value. */
export function less(values: Returns, off: number | Returns): number[] {
  if (typeof off === 'number') return off === 0 ? [...values] : values.map((value) => value - off)
  return values.map((value, index) => value - (off[index] ?? Number.NaN))
}

/** Both series where both are known. */
export function paired(one: Returns, other: Returns): [number[], number[]] {
  const indices = one.map((_, index) => index).filter((index) => !Number.isNaN(one[index]) && !Number.isNaN(other[index] ?? Number.NaN))
  return [indices.map((index) => one[index] ?? Number.NaN), indices.map((index) => other[index] ?? Number.NaN)]
}

/** The value below which a part of the values lies, between two of them in proportion (numpy's default). NaN without values. */
export function quantile(values: Returns, part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  const at = part * (sorted.length - 1)
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}
