/** `tapedeck experiment walk-forward`: parameters are chosen in training and tried in the test behind it, again and again. */

import type { Command } from 'commander'

import { examples, integerArgument } from '../arguments.ts'
import { MODELS_HELP } from '../run-options.ts'
import { addExperimentOptions, type ExperimentArguments, openOnThisMachine, planOf, SPACE_HELP } from './arguments.ts'
import { HOLDOUT_HELP, heldOutOf } from './data-time.ts'
import { perform } from './perform.ts'

interface WalkForwardArguments extends ExperimentArguments {
  train: number
  test: number
  step?: number
  anchored?: boolean
  purge: number
  embargo: number
  holdout?: string
}

const MORE = `

Lengths are trading days. ${HOLDOUT_HELP}
--warm-up days before each run warm its indicators up.

${SPACE_HELP}

${MODELS_HELP}`

const days = (from: number) => integerArgument(from, 100_000)

export function addWalkForward(experiment: Command): void {
  addExperimentOptions(experiment.command('walk-forward').description('choose parameters in training, try them behind it'))
    .argument('<name>', 'of the experiment')
    .requiredOption('--train <days>', 'to choose parameters on', days(1))
    .requiredOption('--test <days>', 'behind it, to try the choice on', days(1))
    .option('--step <days>', 'from one test to the next (default: --test)', days(1))
    .option('--anchored', 'every training begins with the data')
    .option('--purge <days>', 'left out between training and test', days(0), 0)
    .option('--embargo <days>', 'behind a test, uncounted in later trainings', days(0), 0)
    .option('--holdout <part>', 'kept back at the end: 20%, or days')
    .addHelpText(
      'after',
      examples(
        'tapedeck experiment walk-forward yearly --strategy z-score --dataset spy \\',
        '    --param period=10..60:10 --train 252 --test 63 --purge 5 --holdout 20%',
      ) + MORE,
    )
    .action(walkForward)
}

async function walkForward(name: string, options: WalkForwardArguments): Promise<void> {
  const { foldsToRun } = await import('../../backtester/experiments/walk-forward.ts')
  const { train, test, step = test, anchored = false, purge, embargo } = options
  // Each run has a warm-up of its own.
  const plan = await planOf(name, 'walk-forward', { ...options, warmUp: 0 })
  const held = await heldOutOf(plan, options)
  const experiment = await openOnThisMachine(
    { ...plan, options: { ...held, train, test, step, isAnchored: anchored, purge, embargo } },
    options,
  )
  // Refuses what has no folds, or too many trials, before anything is stored.
  foldsToRun(experiment.plan, experiment.search)
  await perform(options, async () => experiment)
}
