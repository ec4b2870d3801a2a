/** `tapedeck db migrate`: brings the schema to this version, and back. */

import { Argument, type Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, integerArgument } from '../arguments.ts'
import { createLogger } from '../logger.ts'
import { print } from '../output.ts'
import { load } from '../settings.ts'

interface MigrateArguments extends CommonOptions {
  dryRun?: boolean
  to?: number
  yes?: boolean
}

export function addMigrate(db: Command): void {
  const command = db
    .command('migrate')
    .description('bring the database to this version: tables, then hypertables where the server has them; or back')
    .addArgument(new Argument('[direction]', 'down undoes the newest migration').choices(['up', 'down']).default('up'))
    .addOption(configFile())
    .addOption(dataDir())
    .option('--dry-run', 'only print what would be done')
    .option('--to <n>', 'down: number of the last migration that stays, 0 for none', integerArgument(0, 999_999))
    .option('--yes', 'down: even if rows are deleted')
    .addHelpText('after', examples('tapedeck db migrate --dry-run', 'tapedeck db migrate', 'tapedeck db migrate down --to 0 --dry-run'))
    .hook('preAction', () => {
      const { to, yes } = command.opts<MigrateArguments>()
      if (command.processedArgs[0] === 'up' && (to !== undefined || yes))
        command.error("error: --to and --yes go with 'db migrate down' only")
    })
    .action(migrate)
}

async function migrate(direction: 'up' | 'down', { dryRun, to, yes, ...options }: MigrateArguments): Promise<void> {
  const { openDatabase } = await import('../../db/open.ts')
  const { config } = await load(options)
  const database = openDatabase({ config, logger: await createLogger('warn') })
  try {
    const lines = direction === 'up' ? await database.migrate(dryRun === true) : await database.migrateDown({ dryRun, to, loseRows: yes })
    if (!lines.some((line) => line.includes('migration')))
      print(direction === 'up' ? 'migrations: all applied' : 'migrations: none to undo')
    for (const line of lines) print(line)
  } finally {
    await database.close()
  }
}
