/** `tapedeck runs show`: one run with its settings and figures. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { runArgument, withStoredRuns } from './arguments.ts'

const MORE = `

docs/metrics.md defines the figures. What is not defined is a dash, in JSON
null. Intervals are drawn by bootstrap, from the seed of the run.`

export function addShow(runs: Command): void {
  runs
    .command('show')
    .description('show one run: settings, figures, warnings')
    .argument('<run>', 'its number', runArgument)
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck runs show 12', 'tapedeck runs show 12 --json') + MORE)
    .action(show)
}

async function show(id: number, options: CommonOptions): Promise<void> {
  const { summarise } = await import('../../backtester/metrics/summary.ts')
  const { formatRun, plainRun } = await import('./run-report.ts')
  await withStoredRuns(options, [id], ([run]) => {
    if (!run) return
    const summary = summarise(run)
    if (options.json) printJson(plainRun(run, summary, id))
    else print(formatRun(run, summary, id))
  })
}
