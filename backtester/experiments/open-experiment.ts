/** An experiment that is ready to run: its strategy is loaded, its parameters are checked, its data is looked at. */

import { ConfigError } from '../../market/errors.ts'
import { type PreparedInput, prepareInput } from '../run/input.ts'
import { loadStrategy } from '../run/load-strategy.ts'
import { hashOfFiles, strategyFiles } from '../run/strategy-files.ts'
import { kindOf } from './kinds.ts'
import { type ExperimentPlan, readPlan, type Search } from './plan.ts'
import { searchOf } from './space.ts'
import type { TrialSubject } from './trial.ts'

export interface OpenExperiment {
  plan: ExperimentPlan
  search: Search
  subject: TrialSubject
  /** `shipped`, or the path of the strategy's file. */
  source: string
  /** Bars are in memory that threads share. */
  input: PreparedInput
  /** Where the dataset of a benchmark lies on this machine. */
  dataDir: string
  /** Of this program. */
  codeVersion: string
}

/** @throws ConfigError for a strategy, parameters, options or a dataset that are not there or do not fit, FeedError for data that cannot be read */
export async function openExperiment(
  given: ExperimentPlan,
  { dataDir, codeVersion }: Pick<OpenExperiment, 'dataDir' | 'codeVersion'>,
): Promise<OpenExperiment> {
  const read = readPlan(given)
  const { strategyHash: _ofBefore, ...rest } = read
  const strategyHash = hashOfFiles(await strategyFiles(read.strategy, read.cwd))
  const plan = { ...rest, ...(strategyHash !== undefined && { strategyHash }), options: readOptions(read) }
  const { strategy, source } = await loadStrategy(plan.strategy, plan.cwd)
  const search = searchOf(plan, strategy, kindOf(plan))
  const input = await prepareInput(plan.input)
  const { name, version } = strategy
  const subject = { strategy: { name, version }, datasetHash: input.dataset.hash }
  return { plan, search, subject, source, input, dataDir, codeVersion }
}

function readOptions(plan: ExperimentPlan): ExperimentPlan['options'] {
  const read = kindOf(plan).options.safeParse(plan.options)
  if (read.success) return read.data as ExperimentPlan['options']
  const wrong = read.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`)
  throw new ConfigError(`${plan.kind}: ${wrong.join('; ')}.`, { code: 'experiment-plan' })
}
