/** `tapedeck service`: recording as a service of systemd. One command a file. */

import type { Command } from 'commander'

import { examples } from '../arguments.ts'
import { addInstall } from './install.ts'
import { addUninstall } from './uninstall.ts'

export function addService(program: Command): void {
  const service = program
    .command('service')
    .description('record as a service of systemd')
    .addHelpText('after', examples('tapedeck service install --user --dry-run', 'tapedeck service uninstall --user'))
  for (const add of [addInstall, addUninstall]) add(service)
}
