/** Which time the data of an experiment covers, and how much of it is kept back. */

import type { HeldOut } from '../../backtester/experiments/holdout.ts'
import type { ExperimentPlan } from '../../backtester/experiments/plan.ts'
import type { DataTime } from '../../backtester/experiments/trading-time.ts'
import type { RunDataset } from '../../backtester/run/result.ts'

export const HOLDOUT_HELP = `The last days of --holdout are
read by no search and no training; what was chosen runs on them once.`

export async function dataOf({
  input,
  settings: { range = {} },
}: Pick<ExperimentPlan, 'input' | 'settings'>): Promise<RunDataset & DataTime> {
  const { openInput } = await import('../../backtester/run/input.ts')
  const { dataset } = await openInput(input)
  const { fromUs = dataset.fromUs, toUs = dataset.toUs } = range
  return { ...dataset, fromUs: Math.max(fromUs, dataset.fromUs), toUs: Math.min(toUs, dataset.toUs) }
}

/** @throws ConfigError `experiment-holdout` unless days are left on both sides */
export async function heldOutOf(plan: ExperimentPlan, { holdout, warmUp }: { holdout?: string; warmUp: number }): Promise<HeldOut> {
  const { holdoutDays } = await import('../../backtester/experiments/folds.ts')
  const { tradingDates } = await import('../../backtester/experiments/trading-time.ts')
  const { fromUs, toUs } = await dataOf(plan)
  const days = holdout === undefined ? 0 : holdoutDays(holdout, tradingDates({ fromUs, toUs }).length)
  return { fromUs, toUs, holdout: days, warmUp }
}
