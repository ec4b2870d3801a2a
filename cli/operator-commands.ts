/** The words, options and help of the commands of an operator: `tapedeck status`, `tapedeck doctor`, `tapedeck db`. */

import { Argument, type Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from './arguments.ts'

export interface MigrateArguments extends CommonOptions {
  dryRun?: boolean
  to?: number
  yes?: boolean
}

export function describeStatus(program: Command): Command {
  return program
    .command('status')
    .description('what the running collector does, holds and misses')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck status', 'tapedeck status --config tapedeck.yaml --json'))
}

export function describeDoctor(program: Command): Command {
  return program
    .command('doctor')
    .description('check this machine, the gateway, the database and the settings, and say what to do')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck doctor', 'tapedeck doctor --config tapedeck.yaml --json'))
}

export function describeDatabase(program: Command) {
  const db = program.command('db').description('look after the database')
  const migrate = db
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
      const { to, yes } = migrate.opts<MigrateArguments>()
      if (migrate.processedArgs[0] === 'up' && (to !== undefined || yes))
        migrate.error("error: --to and --yes go with 'db migrate down' only")
    })
  return { migrate }
}
