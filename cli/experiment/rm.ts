/** `tapedeck experiment rm`: deletes an experiment with its runs. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { EXIT } from '../exit-codes.ts'
import { print, printJson } from '../output.ts'
import { counted } from '../report-words.ts'
import { withDatabase } from '../settings.ts'

export function addRemove(experiment: Command): void {
  experiment
    .command('rm')
    .description('delete an experiment with all its runs')
    .argument('<name>', 'of the experiment')
    .option('--yes', 'delete it')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('tapedeck experiment rm first', 'tapedeck experiment rm first --yes')}\n\nWithout --yes nothing is deleted.`,
    )
    .action(remove)
}

async function remove(name: string, { yes = false, ...options }: CommonOptions & { yes?: boolean }): Promise<void> {
  const { deleteExperiment, readExperiment } = await import('../../backtester/store/experiments.ts')
  const { removeQueue } = await import('../../backtester/experiments/trial-queue.ts')
  const { connectClient } = await import('../../db/pool.ts')
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const { done } = await readExperiment(client, name)
      // First: machines that work at it store no further trials of it.
      if (yes) await removeQueue(client, name)
      const deleted = yes ? await deleteExperiment(client, name) : null
      if (deleted === null) process.exitCode = EXIT.failed
      if (options.json) printJson({ experiment: name, runs: done, deleted })
      else if (deleted === null) print(`Experiment ${name} has ${counted(done, 'run')}. Nothing was deleted: add --yes to delete them.`)
      else print(`Deleted experiment ${name} with ${counted(deleted, 'run')}.`)
    } finally {
      await client.end()
    }
  })
}
