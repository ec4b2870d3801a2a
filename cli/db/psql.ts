/** `tapedeck db psql`: runs psql on the database. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples } from '../arguments.ts'
import { createLogger } from '../logger.ts'
import { load } from '../settings.ts'

export function addPsql(db: Command): void {
  db.command('psql')
    .description('run psql on the database; a private one that is not running is started for as long as psql runs')
    .argument('[args...]', 'arguments of psql, behind --')
    .addOption(configFile())
    .addOption(dataDir())
    .addHelpText(
      'after',
      `${examples('tapedeck db psql', "tapedeck db psql -- -c 'SELECT * FROM sessions'")}\n\nThe exit code is that of psql.`,
    )
    .action(async (args: string[], options: CommonOptions) => {
      const { runPsql } = await import('./reach.ts')
      const { config } = await load(options)
      process.exitCode = await runPsql(config, args, await createLogger('warn'))
    })
}
