/** `tapedeck runs compare`: runs side by side. */

import type { Command } from 'commander'

import { ConfigError } from '../../market/errors.ts'
import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { runsArgument, withListedRuns, withStoredRuns } from './arguments.ts'
import { write } from './report.ts'

export function addCompare(runs: Command): void {
  runs
    .command('compare')
    .description('compare runs: what differs in their settings, and their figures')
    .argument('<run...>', 'their numbers', runsArgument)
    .option('--out <file>', 'write two of them side by side as a page')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'tapedeck runs compare 12 13',
        'tapedeck runs compare 12 13 --out compared.html',
        'tapedeck runs compare 12 13 14 15 --json',
      ),
    )
    .action(compare)
}

async function compare(ids: number[], { out, ...options }: CommonOptions & { out?: string }): Promise<void> {
  const { formatComparison, MOST_COMPARED, plainListed } = await import('./run-report.ts')
  if (new Set(ids).size < 2)
    throw new ConfigError(`Expected two runs or more to compare, found ${[...new Set(ids)].join(', ')}.`, { code: 'runs-to-compare' })
  if (out !== undefined) return comparePage(ids, out, options)
  if (ids.length > MOST_COMPARED && !options.json)
    throw new ConfigError(
      `Expected up to ${MOST_COMPARED} runs, found ${ids.length}: more do not fit beside each other. --json compares any number.`,
      {
        code: 'runs-to-compare',
      },
    )
  await withListedRuns(options, ids, (found) => {
    if (options.json) printJson({ runs: found.map(plainListed) })
    else print(formatComparison(found))
  })
}

async function comparePage(ids: readonly number[], out: string, options: CommonOptions): Promise<void> {
  const { summarise } = await import('../../backtester/metrics/summary.ts')
  const { comparisonPage } = await import('../../backtester/report/page.ts')
  if (ids.length !== 2)
    throw new ConfigError(`--out: expected two runs for the page, found ${ids.length}. Without --out more can be compared.`, {
      code: 'runs-to-compare',
    })
  await withStoredRuns(options, ids, async (found) => {
    const [one, other] = found.map((result, index) => ({ name: `run ${ids[index]}`, result, summary: summarise(result) }))
    if (one && other) await write(out, comparisonPage([one, other]))
  })
}
