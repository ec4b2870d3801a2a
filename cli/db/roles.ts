/** `tapedeck db roles`: makes the roles reader, writer and admin, and gives them what they need. */

import { type Command, InvalidArgumentError } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { withDatabase } from '../settings.ts'

interface RolesArguments extends CommonOptions {
  prefix: string
  dryRun?: boolean
}

const MORE = `

A reader reads; a writer is what the collector runs as; an admin owns the
tables, so that it migrates, drops and maintains. None of them logs in: logins
are made members, as in

  CREATE ROLE pat LOGIN PASSWORD '…' IN ROLE tapedeck_reader.

Run it as a superuser or as the owner of the tables, and again after each
migration.`

export function addRoles(db: Command): void {
  db.command('roles')
    .description('make the roles reader, writer and admin, with the least that each needs')
    .option('--prefix <name>', 'begins their names, for a second database on a server', prefixArgument, 'tapedeck')
    .option('--dry-run', 'only print what would be done')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck db roles --dry-run', 'tapedeck db roles') + MORE)
    .action(makeRoles)
}

function prefixArgument(text: string): string {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(text))
    throw new InvalidArgumentError('expected small letters, digits and underscores, such as tapedeck.')
  return text
}

async function makeRoles({ prefix, dryRun, ...options }: RolesArguments): Promise<void> {
  const { applyRoles, planRoles, roleNames } = await import('../../db/operate/roles.ts')
  const { connectClient } = await import('../../db/pool.ts')
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const names = roleNames(prefix)
      const steps = dryRun ? await planRoles(client, names) : await applyRoles(client, names)
      const done = steps.map(({ what }) => what)
      if (options.json) return printJson({ ...names, dryRun: dryRun === true, steps: done })
      for (const what of done) print(`${dryRun ? 'would' : 'did'} ${what}`)
      if (done.length === 0) print(`roles: ${Object.values(names).join(', ')} have what they need`)
    } finally {
      await client.end()
    }
  })
}
