/** `tapedeck runs rm`: deletes stored runs, after it has shown which. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { EXIT } from '../exit-codes.ts'
import { print, printJson } from '../output.ts'
import { counted } from '../report-words.ts'
import { withDatabase } from '../settings.ts'
import { refuseMissing, runsArgument } from './arguments.ts'

const MORE = `

Without --yes it is shown what would go, and nothing is deleted. Orders, fills,
equity and all else of a run go with it.`

export function addRemove(runs: Command): void {
  runs
    .command('rm')
    .description('delete runs with all that belongs to them')
    .argument('<run...>', 'their numbers', runsArgument)
    .option('--yes', 'delete them')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck runs rm 12', 'tapedeck runs rm 12 13 --yes') + MORE)
    .action(remove)
}

async function remove(ids: number[], { yes = false, ...options }: CommonOptions & { yes?: boolean }): Promise<void> {
  const { deleteRuns, listRuns } = await import('../../backtester/store/read-runs.ts')
  const { connectClient } = await import('../../db/pool.ts')
  const { formatList } = await import('./run-report.ts')
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const found = await listRuns(client, { ids })
      refuseMissing(
        ids,
        found.map(({ runId }) => runId),
      )
      if (!options.json) print(formatList(found))
      const deleted = yes ? await deleteRuns(client, ids) : null
      if (!deleted) process.exitCode = EXIT.failed
      if (options.json) printJson({ runs: found.map(({ runId }) => runId), deleted })
      else print(deleted ? `Deleted ${counted(deleted.length, 'run')}.` : 'Nothing was deleted: add --yes to delete them.')
    } finally {
      await client.end()
    }
  })
}
