/** The program: every command group, one line each. */

import { Command } from 'commander'

import { examples } from './arguments.ts'
import { addArb } from './arb.ts'
import { addAt } from './at.ts'
import { addBackfill } from './backfill.ts'
import { addBacktest } from './backtest.ts'
import { addBars } from './bars.ts'
import { addCollect } from './collect.ts'
import { addConfig } from './config.ts'
import { addDataset } from './dataset.ts'
import { addDb } from './db/index.ts'
import { addDemo } from './demo.ts'
import { addDoctor } from './doctor.ts'
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts'
import { addExperiment } from './experiment/index.ts'
import { addExport } from './export.ts'
import { addGaps } from './gaps.ts'
import { addGateway } from './gateway.ts'
import { addLines } from './lines.ts'
import { version } from './package.ts'
import { addQuality } from './quality.ts'
import { addRates } from './rates.ts'
import { addReplay } from './replay.ts'
import { addRuns } from './runs/index.ts'
import { addService } from './service/index.ts'
import { addStatus } from './status.ts'
import { addStrategy } from './strategy.ts'
import { addTape } from './tape.ts'
import { addUniverse } from './universe.ts'
import { addVerify } from './verify.ts'

/** In the order of `tapedeck --help`. The command that runs loads the rooms it needs; nothing is loaded here. */
const GROUPS: readonly ((program: Command) => void)[] = [
  addDemo,
  addCollect,
  addStatus,
  addUniverse,
  addLines,
  addGaps,
  addQuality,
  addVerify,
  addDoctor,
  addGateway,
  addAt,
  addReplay,
  addExport,
  addTape,
  addArb,
  addBars,
  addBackfill,
  addRates,
  addDataset,
  addBacktest,
  addStrategy,
  addRuns,
  addExperiment,
  addConfig,
  addDb,
  addService,
]

export function buildProgram(): Command {
  const program = new Command('tapedeck')
    .description('Records option and stock ticks from TWS / IB Gateway and plays them back.')
    .version(version)
    .showHelpAfterError('(add --help for usage)')
    .configureHelp({ helpWidth: 80 })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tapedeck: ')) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.done : EXIT.wrong))
    .addHelpText('after', examples('tapedeck demo', 'tapedeck collect --underlying AAPL,TWX', 'tapedeck replay --ndjson') + EXIT_CODES_HELP)
  for (const add of GROUPS) add(program)
  return program
}
