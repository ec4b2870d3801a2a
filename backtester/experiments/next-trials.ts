/** Which trials of an experiment are still to run. */

import { kindOf } from './kinds.ts'
import type { ExperimentPlan, Search } from './plan.ts'
import type { DoneTrial, Trial } from './trial.ts'

export interface NextTrials {
  /** Of the first stage that is not done. */
  missing: readonly Trial[]
  /** Trials of this stage and of those before, done or not. */
  total: number
  done: readonly DoneTrial[]
}

/**
 * Pure: the same plan and the same outcomes give the same trials. To be called again when the missing ones are done, until there are none.
 *
 * @param outcomeOf what is stored of a trial, found by its key; undefined when it has not run
 */
export function nextTrials(plan: ExperimentPlan, search: Search, outcomeOf: (trial: Trial) => DoneTrial | undefined): NextTrials {
  const stages = kindOf(plan).stages(plan, search)
  const done: DoneTrial[] = []
  let total = 0
  for (let stage = stages.next(); !stage.done; ) {
    total += stage.value.length
    const missing: Trial[] = []
    const outcomes: DoneTrial[] = []
    for (const trial of stage.value) {
      const outcome = outcomeOf(trial)
      if (outcome) outcomes.push(outcome)
      else missing.push(trial)
    }
    done.push(...outcomes)
    if (missing.length > 0) return { missing, total, done }
    stage = stages.next(outcomes)
  }
  return { missing: [], total, done }
}
