/** `tapedeck runs show`: one run with its settings and figures. */

import type { Command } from 'commander'

import { FeedError } from '../../market/errors.ts'
import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { withDatabase } from '../settings.ts'
import { refuseMissing, runArgument, withStoredRuns } from './arguments.ts'

const MORE = `

docs/metrics.md defines the figures. What is not defined is a dash, in JSON
null. Intervals are drawn by bootstrap, from the seed of the run.`

export function addShow(runs: Command): void {
  runs
    .command('show')
    .description('show one run: settings, figures, warnings')
    .argument('<run>', 'its number', runArgument)
    .option('--source', 'print the file of its strategy, as it was when the run began; with --json also what that imports')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples('tapedeck runs show 12', 'tapedeck runs show 12 --json', 'tapedeck runs show 12 --source > strategy.mjs') + MORE,
    )
    .action(show)
}

interface ShowOptions extends CommonOptions {
  source?: boolean
}

async function show(id: number, options: ShowOptions): Promise<void> {
  if (options.source) return showSource(id, options)
  const { summarise } = await import('../../backtester/metrics/summary.ts')
  const { formatRun, plainRun } = await import('./run-report.ts')
  await withStoredRuns(options, [id], ([run]) => {
    if (!run) return
    const summary = summarise(run)
    if (options.json) printJson(plainRun(run, summary, id))
    else print(formatRun(run, summary, id))
  })
}

async function showSource(id: number, options: CommonOptions): Promise<void> {
  const { listRuns, readSources } = await import('../../backtester/store/read-runs.ts')
  const { withReader } = await import('../../db/read/table-streams.ts')
  await withDatabase(options, async (url) => {
    const [[run], [own, ...imports]] = await withReader(
      url,
      async (client) => [await listRuns(client, { ids: [id] }), await readSources(client, id)] as const,
    )
    if (!run) refuseMissing([id], [])
    else if (!own)
      throw new FeedError(`No file was kept with run ${id}: ${run.strategy} comes along, or the run is a trial of an experiment.`, {
        code: 'no-source',
      })
    else if (options.json) printJson({ ...own, imports })
    else print(own.text.trimEnd())
  })
}
