/** `tapedeck db roles`: makes the roles reader, writer and admin, and gives them what they need. */

import { type Command, InvalidArgumentError } from 'commander'

import type { LoginFile, LoginRole } from '../../db/operate/logins.ts'
import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { withDatabase } from '../settings.ts'

interface RolesArguments extends CommonOptions {
  prefix: string
  login: LoginFile[]
  dryRun?: boolean
}

const MORE = `

A reader reads; a writer is what the collector runs as; an admin owns the
tables, so that it migrates, drops and maintains. None of them logs in: logins
are members. --login makes one, of a role or of monitor (who sees how the server
is doing), and takes its password from a file: a second run changes nothing,
one with another password in the file changes that.

Run it as a superuser or as the owner of the tables, and again after each
migration.`

export function addRoles(db: Command): void {
  db.command('roles')
    .description('make the roles reader, writer and admin, with the least that each needs')
    .option('--prefix <name>', 'begins their names, for a second database on a server', prefixArgument, 'tapedeck')
    .option('--login <name=role:file>', 'also a login with that role and the password in that file; may be repeated', loginArgument, [])
    .option('--dry-run', 'only print what would be done')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples('tapedeck db roles --dry-run', 'tapedeck db roles', 'tapedeck db roles --login pat=reader:./pat-password') + MORE,
    )
    .action(makeRoles)
}

function prefixArgument(text: string): string {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(text))
    throw new InvalidArgumentError('expected small letters, digits and underscores, such as tapedeck.')
  return text
}

const LOGIN_ROLES: readonly LoginRole[] = ['reader', 'writer', 'admin', 'monitor']

function loginArgument(text: string, before: readonly LoginFile[]): LoginFile[] {
  const [, name = '', given, passwordFile = ''] = /^([a-z][a-z0-9_]{0,62})=([a-z]+):(.+)$/.exec(text) ?? []
  const role = LOGIN_ROLES.find((one) => one === given)
  if (role === undefined)
    throw new InvalidArgumentError(`expected NAME=ROLE:FILE such as pat=reader:./pat-password; roles: ${LOGIN_ROLES.join(', ')}.`)
  if (before.some((login) => login.name === name)) throw new InvalidArgumentError(`expected each login once, found ${name} twice.`)
  return [...before, { name, role, passwordFile }]
}

async function makeRoles({ prefix, login, dryRun, ...options }: RolesArguments): Promise<void> {
  const { applyRoles, planRoles, roleNames } = await import('../../db/operate/roles.ts')
  const { applyLogins, planLogins, readLogins } = await import('../../db/operate/logins.ts')
  const { connectClient } = await import('../../db/pool.ts')
  const logins = await readLogins(login)
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const names = roleNames(prefix)
      const steps = dryRun
        ? [...(await planRoles(client, names)), ...(await planLogins(client, names, logins))]
        : [...(await applyRoles(client, names)), ...(await applyLogins(client, names, logins))]
      const done = steps.map(({ what }) => what)
      if (options.json) return printJson({ ...names, dryRun: dryRun === true, steps: done })
      for (const what of done) print(`${dryRun ? 'would' : 'did'} ${what}`)
      if (done.length === 0) print(`roles: ${Object.values(names).join(', ')} have what they need`)
    } finally {
      await client.end()
    }
  })
}
