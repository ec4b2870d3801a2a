/** `tapedeck gaps`: what is missing in the recordings, why, and how much of each trading day is covered. */

import type { Command } from 'commander'

import { addRangeOptions, type CommonOptions, configFile, dataDir, examples, json, type QueryArguments, queryOf } from './arguments.ts'
import { print, printJson } from './output.ts'
import { withDatabase } from './settings.ts'

type GapsArguments = CommonOptions & Pick<QueryArguments, 'from' | 'to' | 'symbols'> & { all?: boolean }

const MORE = `

Without --from the week up to --to, or up to the last record. Of many gaps
those are listed that miss most of the trading hours; --json gives all as data.
Coverage is the part of the regular trading hours in which a wanted contract had
data, over all contracts of a symbol; time in which no collector ran is not
counted.`

export function addGaps(program: Command): void {
  addRangeOptions(program.command('gaps'))
    .description('list the gaps in the recordings by cause, and the coverage of each day')
    .option('--all', 'show every gap, day and symbol, not only what costs most')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck gaps', 'tapedeck gaps --from 2026-11-02 --symbols TWX', 'tapedeck gaps --json') + MORE)
    .action(showGaps)
}

async function showGaps(options: GapsArguments): Promise<void> {
  const { gapReport } = await import('../collector/gaps/report.ts')
  const { formatGapReport, plainGapReport } = await import('./gaps-report.ts')
  const { connectClient } = await import('../db/pool.ts')
  const { fromUs, toUs, symbols } = queryOf({ ...options, session: 'all' })
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const report = await gapReport(client, { fromUs, toUs, symbols, nowUs: Date.now() * 1000 })
      if (options.json) printJson(plainGapReport(report))
      else print(formatGapReport(report, { all: options.all ?? false }))
    } finally {
      await client.end()
    }
  })
}
