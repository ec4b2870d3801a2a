/** `tapedeck db drop-before`: drops old ticks, after it has shown what goes. */

import { type Command, InvalidArgumentError } from 'commander'

import type { BarsAfter, DropPlan } from '../../db/operate/drop-before.ts'
import { ConfigError, TapedeckError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import { alignColumns } from '../../system/text-table.ts'
import { type CommonOptions, configFile, dataDir, examples, json, listArgument, timeArgument } from '../arguments.ts'
import { EXIT } from '../exit-codes.ts'
import { print, printJson } from '../output.ts'
import { counted, second } from '../report-words.ts'
import { withDatabase } from '../settings.ts'
import { statusLine } from '../terminal.ts'
import { fileSize } from './sizes.ts'

interface DropArguments extends CommonOptions {
  table?: string[]
  symbol?: string[]
  dryRun?: boolean
  yes?: boolean
  loseBars?: boolean
}

const TABLES = ['quotes', 'trades', 'option_greeks', 'statistics', 'findings', 'rejected_ticks']

const MORE = `

Without --yes it is shown what would go, and nothing is dropped. Sessions,
gaps and the markers of batches stay, so that it stays known what was recorded.
What is dropped is noted in the table dropped_ticks, and is taken for lost by no
check.`

export function addDropBefore(db: Command): void {
  db.command('drop-before')
    .description('drop ticks that are older than a date, after showing what goes')
    .argument('<date>', 'first day, or moment in UTC, that stays', timeArgument)
    .option('--table <tables>', `only these, by comma: ${TABLES.slice(0, 4).join(', ')}, …`, tablesArgument)
    .option('--symbol <symbols>', 'only these stocks and their options, by comma', listArgument)
    .option('--dry-run', 'only show what would go')
    .option('--yes', 'drop it')
    .option('--lose-bars', 'also ticks whose bars are not computed yet')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples('tapedeck db drop-before 2026-01-01 --dry-run', 'tapedeck db drop-before 2026-01-01 --table option_greeks --yes') + MORE,
    )
    .action(dropBefore)
}

function tablesArgument(text: string): string[] {
  const tables = listArgument(text)
  const unknown = tables.find((table) => !TABLES.includes(table))
  if (unknown !== undefined) throw new InvalidArgumentError(`expected tables of ${TABLES.join(', ')}, found ${unknown}.`)
  return tables
}

async function dropBefore(beforeUs: number, options: DropArguments): Promise<void> {
  if (beforeUs > Date.now() * 1000)
    throw new ConfigError(`Expected a date that is past, found ${isoFromUs(beforeUs)}: what is being recorded cannot be dropped.`, {
      code: 'date-to-come',
    })
  const { drop, planDrop } = await import('../../db/operate/drop-before.ts')
  const { connectClient } = await import('../../db/pool.ts')
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    const status = statusLine()
    try {
      status('counting what is older')
      const plan = await planDrop(client, { beforeUs, tables: options.table, symbols: options.symbol })
      status(undefined)
      const total = plan.tables.reduce((sum, { rows }) => sum + rows, 0)
      if (!options.json) print(formatPlan(plan))
      const isMeant = options.yes === true && options.dryRun !== true
      if (isMeant) refuseToLoseBars(plan, options)
      const dropped =
        isMeant && total > 0 ? await drop(client, plan, (table, rows) => status(`${table}: ${counted(rows, 'row')} dropped`)) : undefined
      status(undefined)
      if (total > 0 && !dropped && !options.dryRun) process.exitCode = EXIT.failed
      if (options.json) return printJson({ ...plan, before: isoFromUs(beforeUs), dropped: dropped ? Object.fromEntries(dropped) : null })
      if (dropped) return print(`Dropped ${counted(sum(dropped.values()), 'row')}. VACUUM returns the room of rows that went one by one.`)
      if (total === 0) return print('Nothing to drop.')
      if (!options.dryRun) print('Nothing was dropped: add --yes to drop it.')
    } finally {
      status(undefined)
      await client.end()
    }
  })
}

const sum = (values: Iterable<number>) => [...values].reduce((all, value) => all + value, 0)

/** Bars that are not computed yet could never be. */
function refuseToLoseBars({ bars, tables }: DropPlan, { loseBars }: DropArguments): void {
  const lost = bars.filter(({ fate }) => fate === 'lost')
  if (lost.length === 0 || loseBars || tables.every(({ rows }) => rows === 0)) return
  throw new TapedeckError(
    `${lost.map(({ name }) => name).join(', ')}: expected bars computed up to the newest tick that goes, found them ${computedTo(lost)}. ` +
      'Nothing was dropped. Run `tapedeck db maintain` first; with --lose-bars the ticks go without bars.',
    { code: 'bars-not-computed' },
  )
}

const computedTo = ([first]: readonly BarsAfter[]) =>
  first?.computedUs === undefined ? 'not computed' : `computed up to ${second(first.computedUs)}`

const FATES: Readonly<Record<BarsAfter['fate'], string>> = {
  stay: 'its bars stay',
  go: 'is a view of the ticks: its bars of that time go with them',
  lost: 'is not computed as far as the ticks that go',
}

function formatPlan({ beforeUs, tables, bars }: DropPlan): string {
  const rows = tables.map(({ table, rows: count, chunks, bytes, newestUs }) => [
    table,
    count,
    chunks.length,
    chunks.length > 0 ? fileSize(bytes) : '',
    newestUs === undefined ? '' : second(newestUs),
  ])
  return [
    `Ticks before ${second(beforeUs)}`,
    alignColumns([['table', 'rows', 'whole chunks', 'of size', 'newest'], ...rows]),
    ...bars.map(({ name, fate }) => `${name} ${FATES[fate]}`),
  ].join('\n')
}
