/** `tapedeck demo`: records the shipped day and reads it back. */

import type { Command } from 'commander'

import { type CommonOptions, dataDir, examples } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print } from './output.ts'
import { OURSELVES, SHIPPED_INSTRUMENTS, SHIPPED_SETTINGS, SHIPPED_TAPE } from './package.ts'
import { load } from './settings.ts'
import { stopSignalsOrUnread } from './signals.ts'
import { statusLine } from './terminal.ts'

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('record the shipped trading day from a replay gateway and read it back')
    .addOption(dataDir())
    .addHelpText('after', examples('tapedeck demo', 'tapedeck demo --data-dir /tmp/tapedeck-demo'))
    .action(async (options: CommonOptions) => {
      const { demo } = await import('../backtester/demo/demo.ts')
      const outcome = await demo({
        command: OURSELVES,
        tape: SHIPPED_TAPE,
        settings: SHIPPED_SETTINGS,
        assumed: (await load({ config: SHIPPED_SETTINGS })).config.carry,
        instruments: SHIPPED_INSTRUMENTS,
        dataDir: options.dataDir,
        status: statusLine(),
        print,
        ...stopSignalsOrUnread(),
      })
      process.exitCode = { accounted: EXIT.done, unaccounted: EXIT.failed, interrupted: EXIT.interrupted }[outcome]
    })
}
