/** `tapedeck runs monte-carlo`: the round trips of a run in another order, and drawn again. */

import { type Command, InvalidArgumentError, Option } from 'commander'

import { ConfigError } from '../../market/errors.ts'
import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { runArgument, withStoredRuns } from './arguments.ts'

const MORE = `

In another order the same trades end at the same equity by other ways: how deep
could it have fallen. Drawn with replacement they are other trades of the same
kind. Each keeps its net result in money; positions open at the end count in
none.`

interface MonteCarloArguments extends CommonOptions {
  draws: number
  seed: number
  ruin: number
}

export function addMonteCarlo(runs: Command): void {
  runs
    .command('monte-carlo')
    .description('what else could have come of the round trips of a run')
    .argument('<run>', 'its number', runArgument)
    .option('--draws <count>', 'so many of each', integerArgument(100, 1_000_000), 10_000)
    .option('--seed <n>', 'of the draws', integerArgument(0, 0xffffffff), 1)
    .addOption(new Option('--ruin <percent>', 'of the start, lost at any time').argParser(percentArgument).default(0.5, '50%'))
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck runs monte-carlo 12', 'tapedeck runs monte-carlo 12 --draws 100000 --ruin 20%') + MORE)
    .action(run)
}

async function run(id: number, { draws, seed, ruin, ...options }: MonteCarloArguments): Promise<void> {
  const { fromUnits } = await import('../../backtester/engine/money.ts')
  const { monteCarlo } = await import('../../backtester/metrics/monte-carlo.ts')
  const { seededRandom } = await import('../../backtester/metrics/random.ts')
  const { summarise } = await import('../../backtester/metrics/summary.ts')
  const { formatMonteCarlo } = await import('./run-report.ts')
  await withStoredRuns(options, [id], ([found]) => {
    if (!found) return
    const { trips } = summarise(found, { intervals: false })
    if (trips.length === 0)
      throw new ConfigError(`Run ${id} has no round trip: expected trades to draw from. Choose one with trips in \`tapedeck runs list\`.`, {
        code: 'no-trips',
      })
    const results = trips.map(({ net }) => fromUnits(net))
    const drawn = monteCarlo(results, { start: found.settings.cash, draws, ruin, random: seededRandom(seed) })
    if (options.json) printJson({ runId: id, draws, seed, ruin, ...drawn })
    else print(formatMonteCarlo(drawn, { draws, ruin }))
  })
}

function percentArgument(text: string): number {
  const value = Number(text.replace(/%$/, ''))
  if (!/^[\d.]+%?$/.test(text) || !(value > 0 && value <= 100)) throw new InvalidArgumentError('expected a part such as 50%.')
  return value / 100
}
