/** `tapedeck service install`: writes the systemd unit of a recorder. Starts nothing. */

import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

import type { Command } from 'commander'

import { ConfigError } from '../../market/errors.ts'
import { packageRoot } from '../../system/package-root.ts'
import { type CommonOptions, configFile, dataDir, examples } from '../arguments.ts'
import { print } from '../output.ts'
import { load } from '../settings.ts'
import { ACCOUNT, checkRoot, checkUnchanged, isThere, makeAccount, readUnit, systemctl, unitPath, writeUnit } from './place.ts'
import { unitText } from './unit.ts'

interface InstallArguments extends CommonOptions {
  user?: boolean
  passwordFile?: string
  unitDir?: string
  dryRun?: boolean
  force?: boolean
}

export function addInstall(service: Command): void {
  service
    .command('install')
    .description('write the systemd unit of a recorder; starts nothing')
    .option('--user', 'a service of your own, which needs no root')
    .addOption(configFile())
    .addOption(dataDir())
    .option('--password-file <file>', 'password of the database, for this service only')
    .option('--unit-dir <folder>', 'write it there, and tell systemd nothing')
    .option('--dry-run', 'only print the unit')
    .option('--force', 'replace a unit that was changed by hand')
    .addHelpText(
      'after',
      examples(
        'tapedeck service install --user --config tapedeck.yaml --dry-run',
        'tapedeck service install --user --config tapedeck.yaml',
      ),
    )
    .action(install)
}

async function install(options: InstallArguments): Promise<void> {
  const { user: isUser = false, unitDir, dryRun, force = false } = options
  const place = await unitOptions(options)
  const text = unitText(place)
  if (dryRun) return print(text.trimEnd())
  if (unitDir === undefined) checkRoot(isUser)
  const path = unitPath(isUser, unitDir)
  const there = await readUnit(path)
  if (there === text) return print(`${path} is there already, and the same.`)
  if (there !== undefined) checkUnchanged(path, there, force)
  if (unitDir === undefined) {
    if (!isUser && (await makeAccount(ACCOUNT))) print(`Made the account ${ACCOUNT}, which the service runs as.`)
    // The unit may write nowhere else, and systemd wants it to be there.
    if (isUser) await mkdir(place.dataDir, { recursive: true, mode: 0o700 })
  }
  await writeUnit(path, text)
  print(`Wrote ${path}. It records into ${place.dataDir}.`)
  if (unitDir !== undefined) return
  const trouble = await systemctl(isUser, 'daemon-reload')
  if (trouble !== undefined) print(`systemd was not told: ${trouble}`)
  const ctl = `systemctl${isUser ? ' --user' : ''}`
  print(`Next: ${ctl} ${there === undefined ? 'enable --now' : 'restart'} tapedeck`)
  if (isUser) print('So that it runs while you are not logged in: loginctl enable-linger')
}

/** What the unit is made of. Throws a ConfigError when a file that it needs is missing. */
async function unitOptions(options: InstallArguments) {
  const { user: isUser = false, config, dataDir, passwordFile } = options
  const program = join(packageRoot(), 'dist', 'tapedeck.js')
  for (const [what, file] of Object.entries({ '--config': config, '--password-file': passwordFile, 'the built program': program }))
    if (file !== undefined && !(await isThere(file)))
      throw new ConfigError(`${what}: expected a file, found no ${resolve(file)}.`, { code: 'service-file-missing' })
  // A mistake in it is told now, and not in the log of a service.
  if (config !== undefined) await load(options)
  const usual = isUser ? join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'tapedeck') : '/var/lib/tapedeck'
  return {
    isUser,
    node: process.execPath,
    program,
    dataDir: resolve(dataDir ?? usual),
    config: config === undefined ? undefined : resolve(config),
    passwordFile: passwordFile === undefined ? undefined : resolve(passwordFile),
    account: ACCOUNT,
  }
}
