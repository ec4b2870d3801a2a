/**
 * The folds of a walk-forward: parameters are chosen in training and tried in the test behind it, again and again along the data. Spans are counted
 * in trading days, from the first day of the data.
 */

import { ConfigError } from '../../market/errors.ts'

/** Days `from` up to `to`, which lies behind it. */
export interface DaySpan {
  from: number
  to: number
}

export interface FoldOptions {
  /** Days of a training; of an anchored one, of the first. */
  train: number
  test: number
  /** From one test to the next. Not less than `test`: tests never overlap. */
  step: number
  /** Every training begins with the data, and so grows. */
  isAnchored: boolean
  /** Days left out between training and test: what is held at the end of the training reaches into them. */
  purge: number
  /** Days behind each test that count in no later training. */
  embargo: number
}

export interface Fold {
  train: DaySpan
  test: DaySpan
  /** Days of the training that do not count in it. */
  embargoed: readonly DaySpan[]
}

/** One split is no walk-forward. */
const LEAST_FOLDS = 2

/**
 * As many whole folds as the days have room for; days that remain at the end are in none.
 *
 * @throws ConfigError `experiment-folds` where that are fewer than two, or nothing is left to train on
 */
export function foldsOf(days: number, options: FoldOptions): Fold[] {
  const { train, test, step, isAnchored, purge, embargo } = options
  if (step < test) throw foldsError(`--step: expected ${test} days or more, as --test, so that tests do not overlap; found ${step}.`)
  const folds: Fold[] = []
  for (let from = train + purge; from + test <= days; from += step) {
    const span = { from: isAnchored ? 0 : from - purge - train, to: from - purge }
    const embargoed = folds.map((fold) => within({ from: fold.test.to, to: fold.test.to + embargo }, span)).filter(isSome)
    folds.push({ train: span, test: { from, to: from + test }, embargoed })
  }
  if (folds.length < LEAST_FOLDS)
    throw foldsError(
      `The data has ${days} trading days without the holdout: expected at least ${train + purge + test + step}, for two folds of ` +
        `--train ${train}, --purge ${purge} and --test ${test} with --step ${step}. Take shorter ones, or more data.`,
    )
  const left = Math.min(...folds.map((fold) => sizeOf(fold.train) - fold.embargoed.reduce((sum, span) => sum + sizeOf(span), 0)))
  if (left < 1) throw foldsError(`--embargo: ${embargo} days behind each test leave no day of a training of ${train} days. Take fewer.`)
  return folds
}

const sizeOf = ({ from, to }: DaySpan) => to - from

function within(one: DaySpan, other: DaySpan): DaySpan | undefined {
  const span = { from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) }
  return span.from < span.to ? span : undefined
}

const isSome = (span: DaySpan | undefined): span is DaySpan => span !== undefined

/**
 * How many days at the end are kept back.
 *
 * @param text `20%` of the days, or a number of them
 * @throws ConfigError `experiment-holdout` unless something is left on both sides
 */
export function holdoutDays(text: string, days: number): number {
  const [, amount = '', percent] = /^(\d+(?:\.\d+)?)(%)?$/.exec(text) ?? []
  const value = amount === '' ? Number.NaN : Number(amount)
  const count = percent ? Math.round((value / 100) * days) : value
  if (Number.isInteger(count) && count > 0 && count < days) return count
  throw new ConfigError(`--holdout: expected a part such as 20%, or 1 to ${days - 1} of the ${days} trading days; found ${text}.`, {
    code: 'experiment-holdout',
  })
}

function foldsError(message: string): ConfigError {
  return new ConfigError(message, { code: 'experiment-folds' })
}
