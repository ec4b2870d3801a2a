/** Which time the data of an experiment covers, and how much of it is kept back. */

import type { HeldOut } from '../../backtester/experiments/holdout.ts'
import type { ExperimentPlan } from '../../backtester/experiments/plan.ts'
import type { DataTime } from '../../backtester/experiments/trading-time.ts'
import type { RunInput } from '../../backtester/run/input.ts'
import type { RunDataset } from '../../backtester/run/result.ts'

export const HOLDOUT_HELP = `The last days of --holdout are
read by no search and no training; what was chosen runs on them once.`

/** A dataset of bars may have been asked for a longer time than any bar is of: days without one are no days to train or to test on. */
export async function dataOf({
  input,
  settings: { range = {} },
}: Pick<ExperimentPlan, 'input' | 'settings'>): Promise<RunDataset & DataTime> {
  const { openInput } = await import('../../backtester/run/input.ts')
  const opened = await openInput(input)
  const { dataset } = opened
  const held = dataset.barSeconds === undefined ? dataset : await timeOfBars(opened)
  const { fromUs = held.fromUs, toUs = held.toUs } = range
  return { ...dataset, fromUs: Math.max(fromUs, held.fromUs), toUs: Math.min(toUs, held.toUs) }
}

async function timeOfBars(input: RunInput): Promise<DataTime> {
  let fromUs: number | undefined
  let { toUs } = input.dataset
  for await (const { bars } of input.chunks())
    for (const { startUs, endUs } of bars) {
      fromUs = Math.min(fromUs ?? startUs, startUs)
      toUs = endUs
    }
  return { fromUs: fromUs ?? input.dataset.fromUs, toUs }
}

/** @throws ConfigError `experiment-holdout` unless days are left on both sides */
export async function heldOutOf(plan: ExperimentPlan, { holdout, warmUp }: { holdout?: string; warmUp: number }): Promise<HeldOut> {
  const { holdoutDays } = await import('../../backtester/experiments/folds.ts')
  const { tradingDates } = await import('../../backtester/experiments/trading-time.ts')
  const { fromUs, toUs } = await dataOf(plan)
  const days = holdout === undefined ? 0 : holdoutDays(holdout, tradingDates({ fromUs, toUs }).length)
  return { fromUs, toUs, holdout: days, warmUp }
}
