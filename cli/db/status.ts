/** `tapedeck db status`: shows what the database is, holds and does. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { createLogger } from '../logger.ts'
import { print, printJson } from '../output.ts'
import { load } from '../settings.ts'

const MORE = `

Changes nothing, and needs no more than to read: what the role may not see is
named. Rows are estimates of the server, as of its last ANALYZE.`

export function addStatus(db: Command): void {
  db.command('status')
    .description('show edition, sizes, compression, policies and aggregates of the database')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck db status', 'tapedeck db status --json') + MORE)
    .action(async (options: CommonOptions) => {
      const { withServer } = await import('./reach.ts')
      const { connectClient } = await import('../../db/pool.ts')
      const { databaseStatus } = await import('../../db/read/queries/database-status.ts')
      const { formatDatabaseStatus } = await import('./status-report.ts')
      const { config } = await load(options)
      await withServer(config, await createLogger('warn'), async (url) => {
        const client = await connectClient(url)
        try {
          const status = await databaseStatus(client)
          if (options.json) printJson(status)
          else print(formatDatabaseStatus(status))
        } finally {
          await client.end()
        }
      })
    })
}
