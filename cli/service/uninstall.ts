/** `tapedeck service uninstall`: stops the service and removes its unit. What was recorded stays. */

import type { Command } from 'commander'

import { examples } from '../arguments.ts'
import { print } from '../output.ts'
import { checkRoot, checkUnchanged, readUnit, removeUnit, systemctl, UNIT, unitPath } from './place.ts'

interface UninstallArguments {
  user?: boolean
  unitDir?: string
  dryRun?: boolean
  force?: boolean
}

export function addUninstall(service: Command): void {
  service
    .command('uninstall')
    .description('stop the service and remove its unit; what was recorded stays')
    .option('--user', 'the service of your own')
    .option('--unit-dir <folder>', 'remove it there, and tell systemd nothing')
    .option('--dry-run', 'only print what would be done')
    .option('--force', 'also a unit that was changed by hand')
    .addHelpText('after', examples('tapedeck service uninstall --user --dry-run', 'tapedeck service uninstall --user'))
    .action(uninstall)
}

async function uninstall({ user: isUser = false, unitDir, dryRun, force = false }: UninstallArguments): Promise<void> {
  const path = unitPath(isUser, unitDir)
  const there = await readUnit(path)
  if (there === undefined) return print(`${path} is not there: nothing to do.`)
  checkUnchanged(path, there, force)
  if (dryRun) return print(`would stop ${UNIT} and remove ${path}`)
  if (unitDir === undefined) {
    checkRoot(isUser)
    const trouble = await systemctl(isUser, 'disable', '--now', UNIT)
    if (trouble !== undefined) print(`systemd did not stop it: ${trouble}`)
  }
  await removeUnit(path)
  if (unitDir === undefined) await systemctl(isUser, 'daemon-reload')
  print(`Removed ${path}. What was recorded stays where it is.`)
}
