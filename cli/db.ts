/** `tapedeck db`: looks after the database, and reaches it. */

import { Argument, type Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from './arguments.ts'
import { createLogger } from './logger.ts'
import { print, printJson } from './output.ts'
import { load } from './settings.ts'

interface MigrateArguments extends CommonOptions {
  dryRun?: boolean
  to?: number
  yes?: boolean
}

export function addDb(program: Command): void {
  const db = program
    .command('db')
    .description('look after the database, and reach it')
    .addHelpText('after', examples('tapedeck db migrate', 'tapedeck db psql'))

  const migrateCommand = db
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
      const { to, yes } = migrateCommand.opts<MigrateArguments>()
      if (migrateCommand.processedArgs[0] === 'up' && (to !== undefined || yes))
        migrateCommand.error("error: --to and --yes go with 'db migrate down' only")
    })
    .action(migrate)

  db.command('url')
    .description('print the address of the database, password included, for any client')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('tapedeck db url', 'tapedeck db url --json')}\n\nStarts nothing: the private database has an address only while it runs.`,
    )
    .action(async (options: CommonOptions) => {
      const { runningUrl } = await import('./psql.ts')
      const { config } = await load(options)
      const url = await runningUrl(config)
      if (options.json) printJson({ url, private: config.database.url === undefined })
      else print(url)
    })

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
      const { runPsql } = await import('./psql.ts')
      const { config } = await load(options)
      process.exitCode = await runPsql(config, args, await createLogger('warn'))
    })
}

async function migrate(direction: 'up' | 'down', { dryRun, to, yes, ...options }: MigrateArguments): Promise<void> {
  const { openDatabase } = await import('../db/open.ts')
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
