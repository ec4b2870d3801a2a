/** The last part of the data, kept back: no choice may see it, and what was chosen runs on it once. */

import { z } from 'zod'

import type { ExperimentPlan } from './plan.ts'
import { rangeOf, tradingDates } from './trading-time.ts'
import type { Trial, TrialParams } from './trial.ts'

const days = z.int().min(0)

/** What is split into days: from the first moment of the data up to the one behind it, and how many of its last days are kept back. */
export const heldOut = {
  fromUs: z.int(),
  toUs: z.int(),
  /** Trading days at the end. */
  holdout: days.default(0),
  /** Trading days before each run that only warm indicators up. */
  warmUp: days.default(0),
}

const schema = z.object(heldOut)
export type HeldOut = z.infer<typeof schema>

/** The trading days before the holdout, and the runs that may be made on both sides of it. */
export interface SplitData {
  dates: readonly string[]
  /** One run of what was chosen; none without a holdout. */
  holdoutTrials(params: TrialParams): Trial[]
}

export function splitData({ settings }: ExperimentPlan, { fromUs, toUs, holdout, warmUp }: HeldOut): SplitData {
  const all = tradingDates({ fromUs, toUs })
  const dates = all.slice(0, all.length - holdout)
  return {
    dates,
    holdoutTrials(params) {
      if (holdout === 0) return []
      const range = rangeOf(all, { from: dates.length, to: all.length }, { warmUpDays: warmUp, asked: settings.range })
      return [{ phase: 'holdout', params, settings: { ...settings, range } }]
    },
  }
}
