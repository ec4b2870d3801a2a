/**
 * Walk-forward: in each fold all candidates run in training, and the best of them runs in the test behind it. With a holdout, what the last fold chose
 * runs once on the days behind all of them.
 */

import { z } from 'zod'

import { ConfigError } from '../../market/errors.ts'
import { UNDATED_FIGURES } from '../metrics/uncounted.ts'
import type { RunRange } from '../run/result.ts'
import { type Fold, foldsOf } from './folds.ts'
import { heldOut, splitData } from './holdout.ts'
import { bestOf, type ExperimentKind, type ExperimentPlan, type Search } from './plan.ts'
import { refuseTooMany } from './space.ts'
import { rangeOf } from './trading-time.ts'
import type { Trial } from './trial.ts'

const days = z.int().min(1)

const options = z.strictObject({
  ...heldOut,
  train: days,
  test: days,
  step: days,
  isAnchored: z.boolean().default(false),
  purge: z.int().min(0).default(0),
  embargo: z.int().min(0).default(0),
})
type WalkForwardOptions = z.infer<typeof options>

/** A fold by its times. Folds are numbered from 1. */
export interface TimedFold {
  fold: number
  train: RunRange
  test: RunRange
}

export const walkForward: ExperimentKind = {
  name: 'walk-forward',
  about: 'choose in training, try in the test behind it, again and again',
  options,
  *stages(plan, search) {
    const { candidates } = search
    const split = splitData(plan, optionsOf(plan))
    const folds = foldsToRun(plan, search)
    const trial = (phase: string, fold: number, range: RunRange) => ({ phase, fold, settings: { ...plan.settings, range } })
    const trained = yield folds.flatMap(({ fold, train }) => candidates.map((params) => ({ ...trial('train', fold, train), params })))
    const chosen = folds.flatMap(({ fold, test }): Trial[] => {
      const best = bestOf(
        trained.filter((done) => done.trial.fold === fold),
        plan.objective,
      )
      // Where every candidate failed there is nothing to test.
      return best ? [{ ...trial('test', fold, test), params: best.trial.params }] : []
    })
    yield chosen
    const last = chosen.at(-1)
    if (last) yield split.holdoutTrials(last.params)
  },
}

const optionsOf = (plan: ExperimentPlan): WalkForwardOptions => options.parse(plan.options)

/** @throws ConfigError as `timedFolds`, or `experiment-size` where all folds together have too many trials */
export function foldsToRun(plan: ExperimentPlan, { candidates }: Search): TimedFold[] {
  const folds = timedFolds(plan)
  refuseTooMany(folds.length * candidates.length, `take a longer --step: there are ${folds.length} folds`)
  return folds
}

/**
 * @throws ConfigError `experiment-folds` where the data has too few days for it, `experiment-objective` for a figure from which an embargo cannot be
 * left out
 */
export function timedFolds(plan: ExperimentPlan): TimedFold[] {
  const given = optionsOf(plan)
  const { metric } = plan.objective
  if (given.embargo > 0 && UNDATED_FIGURES.includes(metric))
    throw new ConfigError(`--objective: ${metric} is not known by days, so that --embargo cannot be left out of it. Choose another one.`, {
      code: 'experiment-objective',
    })
  const { dates } = splitData(plan, given)
  const how = { warmUpDays: given.warmUp, asked: plan.settings.range }
  const timed = ({ train, test, embargoed }: Fold, index: number): TimedFold => ({
    fold: index + 1,
    train: {
      ...rangeOf(dates, train, how),
      ...(embargoed.length > 0 && { uncounted: embargoed.map((span) => rangeOf(dates, span)) }),
    },
    test: rangeOf(dates, test, how),
  })
  return foldsOf(dates.length, given).map(timed)
}
