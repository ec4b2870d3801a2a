/** `tapedeck config`: checks and shows the settings. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, examples, json } from './arguments.ts'
import { print, printJson } from './output.ts'
import { load } from './settings.ts'

export function addConfig(program: Command): void {
  const config = program.command('config').description('check and show the settings').addHelpText('after', examples('tapedeck config show'))

  config
    .command('check')
    .description('name every problem of the configuration, and what cannot work')
    .addOption(configFile())
    .addHelpText('after', examples('tapedeck config check --config tapedeck.yaml'))
    .action(async (options: CommonOptions) => {
      const { loadRules } = await import('../config/own-rules.ts')
      const { config, file } = await load(options)
      await loadRules(config.rules)
      print(`${file ?? 'No configuration file; environment and defaults'}: ok`)
      const { configWarnings } = await import('../config/warnings.ts')
      const { nyse } = await import('../market/calendar/calendar.ts')
      for (const warning of configWarnings(config, nyse.zone.dateOf(Date.now() * 1000))) print(`warning: ${warning}`)
    })

  config
    .command('show')
    .description('show the settings in force and where each comes from')
    .addOption(configFile())
    .addOption(json())
    .addHelpText('after', examples('tapedeck config show', 'tapedeck config show --json'))
    .action(async (options: CommonOptions) => {
      const { describeConfig, formatSettings } = await import('../config/describe.ts')
      const settings = describeConfig(await load(options))
      if (options.json) printJson(settings)
      else print(formatSettings(settings))
    })

  config
    .command('schema')
    .description('print the JSON schema of the configuration file, for editors')
    .addHelpText('after', examples('tapedeck config schema > tapedeck.schema.json'))
    .action(async () => {
      const { formatConfigSchema } = await import('../config/json-schema.ts')
      print(formatConfigSchema().trimEnd())
    })
}
