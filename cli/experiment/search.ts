/** `tapedeck experiment grid` and `random`: every combination of parameters, or some of them. */

import type { Command } from 'commander'

import { examples, integerArgument } from '../arguments.ts'
import { MODELS_HELP } from '../run-options.ts'
import { addExperimentOptions, type ExperimentArguments, openOnThisMachine, planOf, SPACE_HELP } from './arguments.ts'
import { HOLDOUT_HELP, heldOutOf } from './data-time.ts'
import { perform } from './perform.ts'

const MORE = `

${SPACE_HELP}
Ctrl-C ends it and keeps what is stored; the same command, or \`experiment
resume\`, goes on. ${HOLDOUT_HELP}

${MODELS_HELP}`

export function addGrid(experiment: Command): void {
  addExperimentOptions(experiment.command('grid').description('run every combination of parameters'))
    .argument('<name>', 'of the experiment')
    .option('--holdout <part>', 'kept back at the end: 20%, or days')
    .addHelpText(
      'after',
      examples(
        'tapedeck experiment grid first --strategy z-score --dataset spy \\',
        '    --param period=10..60:10 --param entry=1,1.5,2 --workers 2',
      ) + MORE,
    )
    .action((name: string, options: SearchArguments) => search(name, 'grid', options))
}

interface SearchArguments extends ExperimentArguments {
  holdout?: string
}

interface RandomArguments extends SearchArguments {
  draws: number
}

export function addRandom(experiment: Command): void {
  addExperimentOptions(experiment.command('random').description('run combinations of parameters drawn at random'))
    .argument('<name>', 'of the experiment')
    .option('--holdout <part>', 'kept back at the end: 20%, or days')
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

async function search(name: string, kind: string, options: SearchArguments, more?: Parameters<typeof planOf>[3]): Promise<void> {
  // With a holdout each run has a warm-up of its own.
  const plan = await planOf(name, kind, options.holdout === undefined ? options : { ...options, warmUp: 0 }, more)
  const held = options.holdout === undefined ? {} : await heldOutOf(plan, options)
  const experiment = await openOnThisMachine({ ...plan, options: { ...plan.options, ...held } }, options)
  await perform(options, async () => experiment)
}
