/** `tapedeck demo`: records the shipped day and reads it back, or a made-up market in which there is arbitrage. */

import { type Command, Option } from 'commander'

import { type CommonOptions, dataDir, examples } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print } from './output.ts'
import { OURSELVES, SCENARIO_SETTINGS, SHIPPED_INSTRUMENTS, SHIPPED_SETTINGS, SHIPPED_TAPE } from './package.ts'
import { load } from './settings.ts'
import { stopSignalsOrUnread } from './signals.ts'
import { statusLine } from './terminal.ts'

const MORE = `

day: the shipped trading day, recorded and read back; every tick is accounted
for. It ends with what the detectors of arbitrage found, and why it is little.
arbitrage: a made-up market in which quotes are moved on purpose, to see
opportunities open and close; each is compared with what was planned.`

interface DemoArguments extends CommonOptions {
  scenario: 'day' | 'arbitrage'
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('record the shipped trading day from a replay gateway and read it back')
    .addOption(new Option('--scenario <name>', 'what is recorded').choices(['day', 'arbitrage']).default('day'))
    .addOption(dataDir())
    .addHelpText('after', examples('tapedeck demo', 'tapedeck demo --scenario arbitrage --data-dir /tmp/tapedeck-demo') + MORE)
    .action(async (options: DemoArguments) => {
      const outcome = await (options.scenario === 'day' ? playDay(options) : playArbitrage(options))
      process.exitCode = { accounted: EXIT.done, unaccounted: EXIT.failed, interrupted: EXIT.interrupted }[outcome]
    })
}

async function playDay({ dataDir }: DemoArguments) {
  const { demo } = await import('../backtester/demo/demo.ts')
  const assumed = (await load({ config: SHIPPED_SETTINGS })).config.carry
  return demo({ ...common(dataDir), tape: SHIPPED_TAPE, settings: SHIPPED_SETTINGS, assumed, instruments: SHIPPED_INSTRUMENTS })
}

async function playArbitrage({ dataDir }: DemoArguments) {
  const { arbitrageScenario } = await import('../backtester/demo/scenario.ts')
  return arbitrageScenario({ ...common(dataDir), settings: SCENARIO_SETTINGS })
}

function common(dataDir: string | undefined) {
  return { command: OURSELVES, dataDir, status: statusLine(), print, ...stopSignalsOrUnread() }
}
