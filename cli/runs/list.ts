/** `tapedeck runs list`: the stored runs, the latest first. */

import { type Command, Option } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { withDatabase } from '../settings.ts'

interface ListArguments extends CommonOptions {
  strategy?: string
  dataset?: string
  status?: 'complete' | 'failed'
  experiment?: string
  limit: number
}

export function addList(runs: Command): void {
  runs
    .command('list')
    .description('list the stored runs, the latest first')
    .option('--strategy <name>', 'only those of this strategy')
    .option('--dataset <name>', 'only those on this dataset: its name, or the begin of its hash')
    .addOption(new Option('--status <status>', 'only those').choices(['complete', 'failed']))
    .option('--experiment <name>', 'only those of this experiment')
    .option('--limit <count>', 'at most so many', integerArgument(1, 1_000_000), 100)
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck runs list', 'tapedeck runs list --strategy sma-cross --json'))
    .action(list)
}

async function list({ strategy, dataset, status, experiment, limit, ...options }: ListArguments): Promise<void> {
  const { listRuns } = await import('../../backtester/store/read-runs.ts')
  const { withReader } = await import('../../db/read/table-streams.ts')
  const { formatList, plainListed } = await import('./run-report.ts')
  await withDatabase(options, async (url) => {
    const found = await withReader(url, (client) => listRuns(client, { strategy, dataset, status, experiment, limit }))
    if (options.json) printJson({ runs: found.map(plainListed) })
    else print(formatList(found))
  })
}
