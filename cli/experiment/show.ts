/** `tapedeck experiment show`: the best trials, the failures, and what the best can be believed. */

import type { Command } from 'commander'
import type pg from 'pg'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { withDatabase } from '../settings.ts'

const MORE = `

The best of many trials is lucky as well as good: docs/experiments.md has the
formula of what is expected of the best of so many without any skill. Of a
walk-forward its folds are shown, of a stress test its scenarios.`

export function addShow(experiment: Command): void {
  experiment
    .command('show')
    .description('show the best trials of an experiment, and its failures')
    .argument('<name>', 'of the experiment')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck experiment show first', 'tapedeck experiment show first --json') + MORE)
    .action(show)
}

async function show(name: string, options: CommonOptions): Promise<void> {
  const { withReader } = await import('../../db/read/table-streams.ts')
  await withDatabase(options, (url) => withReader(url, (client) => showExperiment(client, name, options)))
}

/** Prints what is stored of it. @throws ConfigError `experiment-unknown` */
export async function showExperiment(client: pg.ClientBase, name: string, options: CommonOptions): Promise<void> {
  const { readExperiment } = await import('../../backtester/store/experiments.ts')
  const { listRuns } = await import('../../backtester/store/read-runs.ts')
  const { kindReport } = await import('./kind-report.ts')
  const { formatExperiment, plainExperiment } = await import('./report.ts')
  const experiment = await readExperiment(client, name)
  const runs = await listRuns(client, { experiment: name, limit: 1_000_000 })
  const own = await kindReport(client, experiment, runs)
  if (options.json) printJson({ ...plainExperiment(experiment, runs, own === undefined), ...own?.plain })
  else print(formatExperiment(experiment, runs, own?.text))
}
