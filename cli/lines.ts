/** `tapedeck lines`: shows who holds the market-data lines of the running collector, why, and how well they cover what is wanted. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from './arguments.ts'
import { print, printJson } from './output.ts'
import { load } from './settings.ts'

export function addLines(program: Command): void {
  program
    .command('lines')
    .description('show who holds the market-data lines of the collector, and why')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck lines', 'tapedeck lines --config tapedeck.yaml --json'))
    .action(async (options: CommonOptions) => {
      const { askCollector } = await import('../collector/telemetry/ask.ts')
      const { linesPageSchema } = await import('../collector/telemetry/lines-page.ts')
      const { dataDir, metrics } = (await load(options)).config
      const address = { dataDir, metrics: metrics === 'off' ? undefined : metrics }
      const page = await askCollector(address, { path: '/lines', schema: linesPageSchema })
      if (options.json) return printJson(page)
      const { formatLines } = await import('./lines-table.ts')
      print(formatLines(page))
    })
}
