/** `tapedeck db maintain`: brings bars, compression and the server's counts up to date. */

import type { Command } from 'commander'

import type { MaintenanceReport } from '../../db/operate/maintain.ts'
import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, printJson } from '../output.ts'
import { withDatabase } from '../settings.ts'
import { progressBar, statusLine } from '../terminal.ts'

interface MaintainArguments extends CommonOptions {
  dryRun?: boolean
}

const MORE = `

Computes bars that are not computed, or not with all of their ticks, from old to
new, and stores those of finished sessions; compresses chunks that are due; has
the server count changed tables anew.
May be interrupted, and run as often as you like: it goes on where it was.`

export function addMaintain(db: Command): void {
  db.command('maintain')
    .description('bring bars and statistics of the database up to date with its ticks')
    .option('--dry-run', 'only print what would be looked at')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck db maintain', 'tapedeck db maintain --dry-run') + MORE)
    .action(maintainDatabase)
}

async function maintainDatabase({ dryRun = false, ...options }: MaintainArguments): Promise<void> {
  const { maintain } = await import('../../db/operate/maintain.ts')
  const { connectClient } = await import('../../db/pool.ts')
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    const status = statusLine()
    try {
      const report = await maintain(client, {
        dryRun,
        onProgress: (done, total, { kind, what }) => status(`${progressBar(done, total)} ${kind} ${what}`),
      })
      status(undefined)
      if (options.json) printJson(report)
      else print(format(report))
    } finally {
      status(undefined)
      await client.end()
    }
  })
}

function format({ dryRun, viewsOnly, steps, seconds }: MaintenanceReport): string {
  const count = (wanted: string) => steps.filter(({ kind }) => kind === wanted).length
  const refreshed = new Set(steps.flatMap(({ kind, what }) => (kind === 'refresh' ? [what] : [])))
  const bars = viewsOnly
    ? 'bars are views here: always up to date, and nothing to compute'
    : `${count('refresh')} windows of ${refreshed.size} aggregates ${dryRun ? 'would be looked at' : 'are up to date'}`
  return [
    bars,
    `${count('compress')} chunks ${dryRun ? 'would be compressed' : 'compressed'}`,
    `${count('analyze')} tables ${dryRun ? 'would be counted anew' : 'counted anew'}`,
    ...(dryRun ? [] : [`${seconds.toFixed(1)} s`]),
  ].join('\n')
}
