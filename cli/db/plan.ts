/** `tapedeck db plan`: what is missing between the database's storage and the settings. */

import type { Command } from 'commander'

import type { TickBytes } from '../../db/read/queries/tick-bytes.ts'
import type { StoragePlan } from '../../db/schema/storage/reconcile.ts'
import { alignColumns } from '../../system/text-table.ts'
import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { createLogger } from '../logger.ts'
import { print, printJson } from '../output.ts'
import { counted } from '../report-words.ts'
import { load } from '../settings.ts'

export function addPlan(db: Command): void {
  db.command('plan')
    .description('show what `db apply` would change: hypertables, columnstore, aggregates, policies')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('tapedeck db plan', 'tapedeck db plan --json')}\n\nChanges nothing. The exit code is 0 with and without changes.`,
    )
    .action(async (options: CommonOptions) => {
      const { openDatabase } = await import('../../db/open.ts')
      const { config } = await load(options)
      const database = openDatabase({ config, logger: await createLogger('warn') })
      try {
        const plan = await database.planStorage()
        if (options.json) printJson({ ...planAsData(plan), bytes: plan.bytes })
        else print([planAsText(plan), bytesAsText(plan.bytes)].filter((part) => part !== '').join('\n\n'))
      } finally {
        await database.close()
      }
    })
}

function planAsData({ edition, server, warnings, changes }: StoragePlan) {
  return {
    edition,
    server,
    warnings,
    changes: changes.map(({ action, key, steps }) => ({
      action,
      object: key,
      steps: steps.map(({ what, long = false, loses = null }) => ({ what, long, loses })),
    })),
  }
}

/** Empty as long as there are no ticks. */
function bytesAsText(tables: readonly TickBytes[]): string {
  const perTick = (bytes: number, ticks: number) => (ticks > 0 ? (bytes / ticks).toFixed(1) : '')
  const lines = tables
    .filter(({ rows, columnstore }) => rows.ticks + columnstore.ticks > 0)
    .map(({ table, rows, columnstore }) => [
      table,
      Math.round(rows.ticks + columnstore.ticks),
      perTick(rows.rowBytes, rows.ticks),
      perTick(rows.indexBytes, rows.ticks),
      perTick(columnstore.bytesBefore, columnstore.ticks),
      perTick(columnstore.bytes, columnstore.ticks),
    ])
  if (lines.length === 0) return ''
  return alignColumns([['bytes per tick', 'ticks, about', 'row', 'indexes', 'before compression', 'in the columnstore'], ...lines])
}

/** Also what `db apply --dry-run` prints. */
export function planAsText({ server, warnings, changes }: StoragePlan): string {
  const head = [`storage: ${server}`, ...warnings]
  if (changes.length === 0) return [...head, 'nothing to change'].join('\n')
  const rows = changes.flatMap(({ action, key, steps }) =>
    steps.map(({ what, long, loses }) => [
      action,
      key,
      [what, ...(long ? ['takes long'] : []), ...(loses ? [`DELETES ${loses}`] : [])].join('; '),
    ]),
  )
  return [...head, alignColumns(rows), `${counted(rows.length, 'change')}: \`tapedeck db apply\` makes them`].join('\n')
}
