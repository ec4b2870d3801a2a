/** `tapedeck universe`: shows which contracts the running collector wants, and which it leaves out for what reason. */

import type { Command } from 'commander'

import { ConfigError } from '../market/errors.ts'
import { type CommonOptions, configFile, dataDir, examples, json, listArgument } from './arguments.ts'
import { print, printJson } from './output.ts'
import { load } from './settings.ts'

interface UniverseArguments extends CommonOptions {
  symbol?: string[]
}

export function addUniverse(program: Command): void {
  program
    .command('universe')
    .description('show which contracts the running collector wants, and why not others')
    .addOption(configFile())
    .addOption(dataDir())
    .option('--symbol <symbols>', 'only these underlyings, by comma', listArgument)
    .addOption(json())
    .addHelpText('after', examples('tapedeck universe', 'tapedeck universe --symbol SPX --json'))
    .action(async (options: UniverseArguments) => {
      const { askCollector } = await import('../collector/telemetry/ask.ts')
      const { universePageSchema } = await import('../collector/universe/page.ts')
      const { dataDir, metrics } = (await load(options)).config
      const path = options.json ? '/universe?contracts' : '/universe'
      const page = await askCollector({ dataDir, metrics: metrics === 'off' ? undefined : metrics }, { path, schema: universePageSchema })
      const known = page.underlyings.map(({ symbol }) => symbol)
      const other = options.symbol?.filter((symbol) => !known.includes(symbol)) ?? []
      if (other.length > 0)
        throw new ConfigError(`Expected symbols of the collector's underlyings (${known.join(', ')}), found ${other.join(', ')}.`, {
          code: 'universe-symbol',
        })
      const underlyings = page.underlyings.filter(({ symbol }) => options.symbol?.includes(symbol) ?? true)
      if (options.json) return printJson({ ...page, underlyings })
      const { formatUniverse } = await import('./universe-table.ts')
      print(formatUniverse({ ...page, underlyings }))
    })
}
