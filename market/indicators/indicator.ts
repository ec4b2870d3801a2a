/**
 * What all indicators have in common: they take one value after the other and answer from what they were given alone, so that none can
 * look ahead. Until enough values came the answer is undefined.
 */

import type { Bar } from '../bar.ts'

/** A streaming indicator over inputs, with an output for each. */
export interface Indicator<Input, Output = number> {
  /** Takes the next input. Returns the value with it, or undefined while too few came. */
  next(input: Input): Output | undefined
}

/** What indicators of bars read of one. */
export type Prices = Pick<Bar, 'high' | 'low' | 'close'>
export type PricesAndVolume = Pick<Bar, 'high' | 'low' | 'close' | 'volume'>

/** @throws RangeError unless it is a whole number from `least` */
export function requirePeriod(period: number, least = 1, name = 'period'): number {
  if (!Number.isSafeInteger(period) || period < least)
    throw new RangeError(`expected a ${name} of ${least} or more whole bars, found ${period}`)
  return period
}
