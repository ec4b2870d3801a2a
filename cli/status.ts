/** `tapedeck status`: shows what the collector on a data directory does, holds and misses. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from './arguments.ts'
import { print, printJson } from './output.ts'
import { load } from './settings.ts'

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('show what the running collector does, holds and misses')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck status', 'tapedeck status --config tapedeck.yaml --json'))
    .action(async (options: CommonOptions) => {
      const { askStatus } = await import('../collector/telemetry/ask.ts')
      const { dataDir, metrics } = (await load(options)).config
      const status = await askStatus({ dataDir, metrics: metrics === 'off' ? undefined : metrics })
      if (options.json) return printJson(status)
      const { formatStatus } = await import('./status-table.ts')
      print(formatStatus(status, Date.now()))
    })
}
