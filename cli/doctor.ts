/** `tapedeck doctor`: checks everything that a recording needs, and says what to do. */

import type { Command } from 'commander'

import type { DoctorSettings } from '../collector/doctor/doctor.ts'
import type { Finding } from '../collector/doctor/finding.ts'
import { ConfigError } from '../market/errors.ts'
import { wrapText } from '../system/text-table.ts'
import { type CommonOptions, configFile, dataDir, examples, json } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson } from './output.ts'
import { load, MARKET_DATA_TYPES } from './settings.ts'

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check this machine, the gateway, the database and the settings, and say what to do')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck doctor', 'tapedeck doctor --config tapedeck.yaml --json'))
    .action(async (options: CommonOptions) => {
      const { examine } = await import('../collector/doctor/doctor.ts')
      const findings = []
      for await (const finding of examine(await doctorSettings(options))) {
        findings.push(finding)
        if (!options.json) print(formatFinding(finding))
      }
      if (options.json) printJson({ findings })
      process.exitCode = findings.some(({ state }) => state === 'failed') ? EXIT.failed : EXIT.done
    })
}

async function doctorSettings(options: CommonOptions): Promise<DoctorSettings | { problem: string }> {
  const { connectionsOf } = await import('../config/connections.ts')
  try {
    const { config, file } = await load(options)
    const { dataDir, gateway, universe, journal, database } = config
    return {
      source: file ?? 'no configuration file; environment and defaults',
      directory: { dataDir, ...journal },
      gateways: connectionsOf(gateway).map((one) => ({ ...gateway, ...one, marketDataType: MARKET_DATA_TYPES[gateway.marketDataType] })),
      underlyings: (['stock', 'index'] as const).flatMap((kind) => universe.underlyings.find((own) => own.kind === kind) ?? []),
      databaseUrl: database.url,
    }
  } catch (error) {
    if (error instanceof ConfigError) return { problem: error.message }
    throw error
  }
}

const WIDTH = 80
const [STATE_WIDTH, CHECK_WIDTH] = [13, 16]

/** A finding as lines of at most 80 columns. */
function formatFinding({ check, state, found, todo }: Finding): string {
  const width = WIDTH - STATE_WIDTH - CHECK_WIDTH
  const lines = [
    ...found.split('\n').flatMap((line) => wrapText(line, width)),
    ...(todo === undefined ? [] : wrapText(`-> ${todo}`, width)),
  ]
  const head = state.padEnd(STATE_WIDTH) + check.padEnd(CHECK_WIDTH)
  return lines.map((line, i) => (i === 0 ? head : ' '.repeat(head.length)) + line).join('\n')
}
