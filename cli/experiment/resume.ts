/** `tapedeck experiment resume`: goes on with what is missing of an experiment. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from '../arguments.ts'
import { version } from '../package.ts'
import { load } from '../settings.ts'
import { addWorkOptions, queueOption, type WorkArguments } from './arguments.ts'
import { perform } from './perform.ts'

export function addResume(experiment: Command): void {
  addWorkOptions(experiment.command('resume').description('go on with what is missing of an experiment'))
    .argument('<name>', 'of the experiment')
    .addOption(queueOption())
    .option('--deadline <s>', 'a strategy that does not return fails', integerArgument(1, 86_400), 10)
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck experiment resume first', 'tapedeck experiment resume first --workers 8'))
    .action(resume)
}

async function resume(name: string, options: CommonOptions & WorkArguments & { queue?: boolean }): Promise<void> {
  const { openExperiment } = await import('../../backtester/experiments/open-experiment.ts')
  const { readExperiment } = await import('../../backtester/store/experiments.ts')
  const { config } = await load(options)
  await perform(options, async (client) => {
    const { plan } = await readExperiment(client, name)
    // A dataset lies where the settings of this machine say.
    const input = plan.input.kind === 'dataset' ? { ...plan.input, dataDir: config.dataDir } : plan.input
    return openExperiment({ ...plan, input }, version)
  })
}
