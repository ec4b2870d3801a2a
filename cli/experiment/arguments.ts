/** Options that make the plan of an experiment, and those of running one. */

import { resolve } from 'node:path'

import { type Command, InvalidArgumentError, Option } from 'commander'

import type { OpenExperiment } from '../../backtester/experiments/open-experiment.ts'
import type { ExperimentPlan } from '../../backtester/experiments/plan.ts'
import { ConfigError } from '../../market/errors.ts'
import { type CommonOptions, integerArgument } from '../arguments.ts'
import { version } from '../package.ts'
import { addRunOptions, inputOf, type RunArguments, settingsOf } from '../run-options.ts'
import { load } from '../settings.ts'

/** How it is run; none of it is in the plan. */
export interface WorkArguments {
  workers?: number
  deadline: number
  whole?: boolean
}

export interface ExperimentArguments extends RunArguments, WorkArguments {
  queue?: boolean
  /** As they were given: `10..60:10`. */
  param: Record<string, string>
  objective: ExperimentPlan['objective']
}

export const SPACE_HELP = `--param takes a value, values by comma, or a range: period=10..60:10 (steps
of 10); entry=0.5..3 and log:0.001..1 (drawn). Combinations that a rule over
several parameters refuses, such as fast < slow, are left out.`

export function addWorkOptions(command: Command): Command {
  return command
    .option('--workers <n>', 'threads (default: one less than cores)', integerArgument(1, 1024))
    .option('--whole', 'keep orders, fills and equity of each trial too')
}

/** Whether other machines run it. */
export function queueOption(): Option {
  return new Option('--queue', 'queue the trials for `experiment work`')
}

/** Checked by `refuseUnknown`. */
export function objectiveOption(): Option {
  return new Option('--objective <figure>', 'what trials are ranked by; figure:min for the least')
    .argParser(objectiveArgument)
    .default({ metric: 'sharpe', direction: 'max' }, 'sharpe')
}

/** For a command that begins an experiment. */
export function addExperimentOptions(command: Command): Command {
  return addWorkOptions(
    addRunOptions(command)
      .option('--param <k=values>', 'what a parameter is tried with; can be repeated', spaceArgument, {})
      .addOption(objectiveOption()),
  ).addOption(queueOption())
}

function spaceArgument(text: string, before: Record<string, string>): Record<string, string> {
  const [, name = '', values = ''] = /^([A-Za-z]\w*)=(.+)$/s.exec(text) ?? []
  if (name === '') throw new InvalidArgumentError('expected NAME=VALUES, such as period=10..60:10 or entry=1,1.5,2.')
  return { ...before, [name]: values }
}

function objectiveArgument(text: string): ExperimentPlan['objective'] {
  const [, metric = '', direction = 'max'] = /^([A-Za-z]\w*)(?::(min|max))?$/.exec(text) ?? []
  if (metric === '') throw new InvalidArgumentError('expected a figure such as sharpe, totalReturn or volatility:min.')
  return { metric, direction: direction === 'min' ? 'min' : 'max' }
}

/** @throws ConfigError for what does not fit */
export async function planOf(
  name: string,
  kind: string,
  options: ExperimentArguments,
  more: Partial<Pick<ExperimentPlan, 'draws' | 'options'>> = {},
): Promise<ExperimentPlan> {
  const { readPlan } = await import('../../backtester/experiments/plan.ts')
  const { readSpace } = await import('../../backtester/experiments/space.ts')
  await refuseUnknown(options.objective)
  const { config } = await load(options)
  const input = inputOf(options, config)
  const { strategy } = options
  return readPlan({
    name,
    kind,
    // It may be resumed in another folder.
    strategy: /[\\/]|\.[cm]?[jt]s$/.test(strategy) ? resolve(strategy) : strategy,
    cwd: process.cwd(),
    input: input.kind === 'tape' ? { ...input, path: resolve(input.path) } : input,
    arbitrage: config.arbitrage,
    settings: await settingsOf(options),
    space: Object.fromEntries(Object.entries(options.param).map(([one, text]) => [one, readSpace(one, text)])),
    objective: options.objective,
    options: {},
    ...more,
  })
}

/** Makes an experiment ready on this machine: its datasets lie where the settings say. */
export async function openOnThisMachine(plan: ExperimentPlan, options: CommonOptions): Promise<OpenExperiment> {
  const { openExperiment } = await import('../../backtester/experiments/open-experiment.ts')
  const { dataDir } = (await load(options)).config
  const input = plan.input.kind === 'dataset' ? { ...plan.input, dataDir } : plan.input
  return openExperiment({ ...plan, input }, { dataDir, codeVersion: version })
}

/** @throws ConfigError `experiment-objective` for a figure that there is not */
export async function refuseUnknown({ metric }: ExperimentPlan['objective']): Promise<void> {
  const { FIGURE_GROUPS } = await import('../../backtester/report/figures.ts')
  const names = FIGURE_GROUPS.flatMap(({ figures }) => figures.map((figure) => figure.name))
  if (!names.includes(metric))
    throw new ConfigError(`--objective: expected a figure, found ${metric}. There are: ${names.join(', ')}.`, {
      code: 'experiment-objective',
    })
}
