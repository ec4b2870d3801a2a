/** `tapedeck db url`: prints the address of the database. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { load } from '../settings.ts'

export function addUrl(db: Command): void {
  db.command('url')
    .description('print the address of the database, password included, for any client')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('tapedeck db url', 'tapedeck db url --json')}\n\nStarts nothing: the private database has an address only while it runs.`,
    )
    .action(async (options: CommonOptions) => {
      const { runningUrl, withPassword } = await import('./reach.ts')
      const { config } = await load(options)
      const url = await withPassword(await runningUrl(config))
      if (options.json) printJson({ url, private: config.database.url === undefined })
      else print(url)
    })
}
