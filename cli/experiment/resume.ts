/** `tapedeck experiment resume`: goes on with what is missing of an experiment. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from '../arguments.ts'
import { addWorkOptions, openOnThisMachine, queueOption, type WorkArguments } from './arguments.ts'
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
  const { readExperiment } = await import('../../backtester/store/experiments.ts')
  await perform(options, async (client) => {
    const { plan } = await readExperiment(client, name)
    return openOnThisMachine(plan, options)
  })
}
