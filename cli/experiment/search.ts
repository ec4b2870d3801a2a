/** `tapedeck experiment grid` and `random`: every combination of parameters, or some of them. */

import type { Command } from 'commander'

import { examples, integerArgument } from '../arguments.ts'
import { version } from '../package.ts'
import { MODELS_HELP } from '../run-options.ts'
import { addExperimentOptions, type ExperimentArguments, planOf, SPACE_HELP } from './arguments.ts'
import { perform } from './perform.ts'

const MORE = `

${SPACE_HELP}
Ctrl-C ends it and keeps what is stored; the same command, or \`experiment
resume\`, goes on.

${MODELS_HELP}`

export function addGrid(experiment: Command): void {
  addExperimentOptions(experiment.command('grid').description('run every combination of parameters'))
    .argument('<name>', 'of the experiment')
    .addHelpText(
      'after',
      examples(
        'tapedeck experiment grid first --strategy z-score --dataset spy \\',
        '    --param period=10..60:10 --param entry=1,1.5,2 --workers 2',
      ) + MORE,
    )
    .action((name: string, options: ExperimentArguments) => search(name, 'grid', options))
}

interface RandomArguments extends ExperimentArguments {
  draws: number
}

export function addRandom(experiment: Command): void {
  addExperimentOptions(experiment.command('random').description('run combinations of parameters drawn at random'))
    .argument('<name>', 'of the experiment')
    .requiredOption('--draws <n>', 'how many; each is drawn once', integerArgument(1, 1_000_000_000))
    .addHelpText(
      'after',
      examples(
        'tapedeck experiment random wide --strategy z-score --dataset spy \\',
        '    --param period=5..100 --param entry=0.5..3 --draws 200 --seed 7',
      ) + MORE,
    )
    .action((name: string, options: RandomArguments) =>
      search(name, 'random', options, { draws: { count: options.draws, seed: options.seed } }),
    )
}

async function search(name: string, kind: string, options: ExperimentArguments, more?: Parameters<typeof planOf>[3]): Promise<void> {
  const { openExperiment } = await import('../../backtester/experiments/open-experiment.ts')
  const experiment = await openExperiment(await planOf(name, kind, options, more), version)
  await perform(options, async () => experiment)
}
