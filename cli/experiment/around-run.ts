/** `tapedeck experiment perturb` and `stress`: the configuration of a stored run, with other parameters or in worse conditions. */

import { type Command, InvalidArgumentError, Option } from 'commander'

import type { ExperimentPlan } from '../../backtester/experiments/plan.ts'
import { ConfigError } from '../../market/errors.ts'
import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from '../arguments.ts'
import { readConfigured, runArgument } from '../runs/arguments.ts'
import { load } from '../settings.ts'
import { addWorkOptions, objectiveOption, openOnThisMachine, refuseUnknown, type WorkArguments } from './arguments.ts'
import { dataOf } from './data-time.ts'
import { perform } from './perform.ts'

interface AroundArguments extends CommonOptions, WorkArguments {
  run: number
  objective: ExperimentPlan['objective']
}

interface PerturbArguments extends AroundArguments {
  by: number
  joint: number
  seed: number
}

interface StressArguments extends AroundArguments {
  scenario: string[]
}

const STRESS_MORE = `

A scenario is conditions of \`backtest --stress\`, a time, or both, with a name:
"crash=from:2020-02-20 to:2020-04-01 costs:2". Without --scenario: costs, wider
spreads, latency, gaps, and each half of the time.`

const addCommon = (command: Command) =>
  addWorkOptions(command)
    .argument('<name>', 'of the experiment')
    .requiredOption('--run <id>', 'whose configuration: its number', runArgument)
    .addOption(objectiveOption())
    .option('--deadline <s>', 'a strategy that does not return fails', integerArgument(1, 86_400), 10)
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())

export function addPerturb(experiment: Command): void {
  addCommon(experiment.command('perturb').description('run the parameters of a run, each a little changed'))
    .addOption(new Option('--by <percent>', 'by how much').argParser(percentArgument).default(0.1, '10%'))
    .option('--joint <n>', 'so many with all changed at random', integerArgument(0, 100_000), 0)
    .option('--seed <n>', 'of what is drawn', integerArgument(0, 0xffffffff), 1)
    .addHelpText('after', examples('tapedeck experiment perturb around --run 12 --by 10% --joint 50'))
    .action((name: string, options: PerturbArguments) =>
      around(name, 'perturb', options, async () => ({ by: options.by, joint: options.joint, seed: options.seed })),
    )
}

export function addStress(experiment: Command): void {
  const repeated = (text: string, before: string[]) => [...before, text]
  addCommon(experiment.command('stress').description('run the configuration of a run in worse conditions'))
    .option('--scenario <text>', 'conditions; can be repeated', repeated, [])
    .addHelpText(
      'after',
      examples('tapedeck experiment stress hard --run 12', 'tapedeck experiment stress hard --run 12 --scenario "dear=costs:3 spread:2"') +
        STRESS_MORE,
    )
    .action((name: string, options: StressArguments) => around(name, 'stress', options, (plan) => scenariosOf(plan, options.scenario)))
}

async function scenariosOf(plan: ExperimentPlan, texts: readonly string[]): Promise<ExperimentPlan['options']> {
  const { defaultScenarios, readScenario } = await import('../../backtester/experiments/scenarios.ts')
  const { barSeconds, ...data } = await dataOf(plan)
  return { scenarios: texts.length > 0 ? texts.map(readScenario) : defaultScenarios(data, barSeconds !== undefined) }
}

async function around(
  name: string,
  kind: string,
  options: AroundArguments,
  more: (plan: ExperimentPlan) => Promise<ExperimentPlan['options']>,
): Promise<void> {
  const plan = await planOfRun(name, kind, options)
  const experiment = await openOnThisMachine({ ...plan, options: { ...plan.options, ...(await more(plan)) } }, options)
  await perform(options, async () => experiment)
}

/** @throws FeedError `no-run`, ConfigError for a run that read nothing */
async function planOfRun(name: string, kind: string, options: AroundArguments): Promise<ExperimentPlan> {
  const { readPlan } = await import('../../backtester/experiments/plan.ts')
  await refuseUnknown(options.objective)
  const { config } = await load(options)
  const { dataset, strategy, params, settings } = await readConfigured(options, options.run)
  if (!dataset) throw new ConfigError(`Run ${options.run} has read no data: choose one that is complete.`, { code: 'experiment-run' })
  return readPlan({
    name,
    kind,
    strategy: strategy.source === 'shipped' ? strategy.name : strategy.source,
    cwd: process.cwd(),
    input:
      dataset.kind === 'tape'
        ? { kind: 'tape', path: dataset.name, carry: config.carry }
        : { kind: 'dataset', dataDir: config.dataDir, name: dataset.name },
    arbitrage: config.arbitrage,
    settings,
    space: {},
    objective: options.objective,
    options: { params },
  })
}

function percentArgument(text: string): number {
  const value = Number(text.replace(/%$/, ''))
  if (!/^[\d.]+%?$/.test(text) || !(value > 0 && value <= 100)) throw new InvalidArgumentError('expected a part such as 10%.')
  return value / 100
}
