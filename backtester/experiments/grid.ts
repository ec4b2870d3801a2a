/**
 * Every combination of the parameters, or a number of them drawn at random: one stage. With a holdout they do not see the last days of the data, and
 * the best of them runs there once.
 */

import { z } from 'zod'

import { heldOut, splitData } from './holdout.ts'
import { bestOf, type ExperimentKind } from './plan.ts'
import { rangeOf } from './trading-time.ts'

/** Without times: no holdout. */
const options = z.strictObject({ ...heldOut, fromUs: heldOut.fromUs.optional(), toUs: heldOut.toUs.optional() })

const search: Pick<ExperimentKind, 'options' | 'stages'> = {
  options,
  *stages(plan, { candidates }) {
    const { fromUs, toUs, ...given } = options.parse(plan.options)
    const split = fromUs === undefined || toUs === undefined ? undefined : splitData(plan, { ...given, fromUs, toUs })
    const range =
      split && rangeOf(split.dates, { from: 0, to: split.dates.length }, { warmUpDays: given.warmUp, asked: plan.settings.range })
    const settings = { ...plan.settings, ...(range && { range }) }
    const done = yield candidates.map((params) => ({ phase: 'search', params, settings }))
    const best = split && bestOf(done, plan.objective)
    if (best) yield split.holdoutTrials(best.trial.params)
  },
}

export const grid: ExperimentKind = { name: 'grid', about: 'every combination of the parameters', ...search }

export const random: ExperimentKind = { name: 'random', about: 'combinations drawn at random', ...search }
