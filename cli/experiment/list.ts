/** `tapedeck experiment list`: the stored experiments. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { withDatabase } from '../settings.ts'

export function addList(experiment: Command): void {
  experiment
    .command('list')
    .description('list the experiments, the latest first')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck experiment list', 'tapedeck experiment list --json'))
    .action(list)
}

async function list(options: CommonOptions): Promise<void> {
  const { listExperiments } = await import('../../backtester/store/experiments.ts')
  const { withReader } = await import('../../db/read/table-streams.ts')
  const { formatExperiments } = await import('./report.ts')
  await withDatabase(options, async (url) => {
    const found = await withReader(url, (client) => listExperiments(client))
    if (options.json) printJson({ experiments: found })
    else print(formatExperiments(found))
  })
}
