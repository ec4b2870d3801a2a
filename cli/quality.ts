/** `tapedeck quality`: what each recorded day is good for, contract by contract, and what is wrong with it. */

import { writeFile } from 'node:fs/promises'

import type { Command } from 'commander'

import { addRangeOptions, type CommonOptions, configFile, dataDir, examples, json, type QueryArguments, queryOf } from './arguments.ts'
import { print, printJson } from './output.ts'
import { withDatabase } from './settings.ts'
import { progressBar, statusLine } from './terminal.ts'

type QualityArguments = CommonOptions & Pick<QueryArguments, 'from' | 'to' | 'symbols'> & { all?: boolean; html?: string }

const MORE = `

Without --from the week up to --to, or up to the last record. Each contract
has a grade for each trading day (100 less points for missing time and for
wrong, doubted, late and delayed ticks) and a use: arbitrage study, bar study,
or not. docs/quality.md has the definitions. The page of --html is one file
that opens without a network.`

/** What is done by then needs no progress. */
const QUIET_MS = 2000

export function addQuality(program: Command): void {
  addRangeOptions(program.command('quality'))
    .description('grade the recordings: completeness, gaps, doubts, spreads, and their use')
    .option('--all', 'show every day, symbol and finding, not only the worst')
    .option('--html <file>', 'also write a page with charts to this file')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples('tapedeck quality', 'tapedeck quality --from 2026-11-02 --to 2026-11-09 --symbols TWX', 'tapedeck quality --json') + MORE,
    )
    .action(showQuality)
}

async function showQuality(options: QualityArguments): Promise<void> {
  const { formatQuality } = await import('./quality/table.ts')
  const { measureQuality } = await import('../collector/quality/measure.ts')
  const { connectClient } = await import('../db/pool.ts')
  const { fromUs, toUs, symbols } = queryOf({ ...options, session: 'all' })
  const startMs = performance.now()
  const show = statusLine()
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const report = await measureQuality(client, { fromUs, toUs, symbols }, ({ date, days, of }) => {
        if (performance.now() - startMs > QUIET_MS) show(`${progressBar(days, of)} ${date}`)
      })
      show(undefined)
      if (options.html !== undefined) {
        const { qualityPage } = await import('./quality/page.ts')
        await writeFile(options.html, qualityPage(report))
      }
      if (options.json) {
        const { plainQuality } = await import('./quality/json.ts')
        printJson(plainQuality(report))
      } else print(formatQuality(report, { all: options.all ?? false }))
    } finally {
      await client.end()
    }
  })
}
