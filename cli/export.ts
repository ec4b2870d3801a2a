/** `tapedeck export`: writes a recorded session as CSV or NDJSON. */

import { type Command, Option } from 'commander'

import { addQueryOptions, type CommonOptions, configFile, dataDir, examples, json, type QueryArguments, queryOf } from './arguments.ts'
import { event, print, writeStdout } from './output.ts'
import { withDatabase } from './settings.ts'
import { stopSignalsOrUnread, wasInterrupted } from './signals.ts'
import { statusLine } from './terminal.ts'

type ExportArguments = CommonOptions & QueryArguments & { format: 'csv' | 'ndjson'; out: string }

export function addExport(program: Command): void {
  addQueryOptions(program.command('export'))
    .description('write the ticks of a recorded session as CSV or NDJSON')
    .addHelpText('after', examples('tapedeck export --symbols TWX --out twx.csv', 'tapedeck export --format ndjson --out -'))
    .requiredOption('--out <file>', 'file to write, or - for standard output')
    .addOption(new Option('--format <format>', 'of the lines').choices(['csv', 'ndjson']).default('csv'))
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .action(exportTicks)
}

async function exportTicks(options: ExportArguments): Promise<void> {
  const { exportSession } = await import('../backtester/replay/export.ts')
  const { formatExportProgress, formatExportSummary } = await import('./replay-report.ts')
  const query = queryOf(options)
  const { stop } = stopSignalsOrUnread()
  const status = process.stderr.isTTY ? statusLine() : () => undefined
  await withDatabase(options, async (url) => {
    const summary = await exportSession({
      url,
      query,
      format: options.format,
      out: options.out === '-' ? writeStdout : options.out,
      onProgress: (progress) => status(formatExportProgress(progress)),
      signal: stop,
    })
      .catch((error: unknown) => {
        if (wasInterrupted(stop) || !stop.aborted) throw error
      })
      .finally(() => status(undefined))
    if (!summary || options.out === '-') return
    if (options.json) event('summary', summary)
    else print(formatExportSummary(summary))
  })
}
