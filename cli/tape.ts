/** `tapedeck tape`: makes and reads tape files. */

import type { Command } from 'commander'

import { examples, integerArgument, json, kindsArgument, listArgument, timeArgument } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson, writeStdout } from './output.ts'
import { progressBar, statusLine } from './terminal.ts'

export function addTape(program: Command): void {
  const tape = program
    .command('tape')
    .description('make tape files and look at them')
    .addHelpText('after', examples('tapedeck tape info tapes/twx-2014-06-05.tape'))

  tape
    .command('import')
    .description('make a tape of option chains, of stocks (quote bars, quotes, trades) and of indices')
    .argument(
      '<sources...>',
      '*.csv of option quotes, <symbol>_<yyyymmdd>_<kind>.csv of an underlying; kind: quote_1min, quote_tick, trade_tick, of an index trade_1min; each also .gz',
    )
    .requiredOption('--out <file>', 'tape to write')
    .option('--date <yyyy-mm-dd>', 'only the rows of this day')
    .option('--attribution <text>', "whose data it is and under which terms; kept in the tape's header")
    .addOption(json())
    .addHelpText('after', examples('tapedeck tape import ibm_20131007_trade_tick.csv.gz --out ibm.tape'))
    .action(importSources)

  tape
    .command('info')
    .description('show what is on a tape')
    .argument('<file>')
    .addOption(json())
    .addHelpText('after', examples('tapedeck tape info tapes/twx-2014-06-05.tape'))
    .action(async (file: string, options: { json?: boolean }) => {
      const { tapeInfo } = await import('../db/tape/inspect.ts')
      const { formatTapeInfo } = await import('./tape-report.ts')
      const info = await tapeInfo(file)
      if (options.json) printJson(info)
      else print(formatTapeInfo(info))
    })

  tape
    .command('verify')
    .description('check every checksum and the order of a tape')
    .argument('<file>')
    .addOption(json())
    .addHelpText('after', examples('tapedeck tape verify tapes/twx-2014-06-05.tape'))
    .action(async (file: string, options: { json?: boolean }) => {
      const { verifyTape } = await import('../db/tape/inspect.ts')
      const { formatTapeVerdict } = await import('./tape-report.ts')
      const verdict = await verifyTape(file)
      if (options.json) printJson(verdict)
      else print(formatTapeVerdict(file, verdict))
      process.exitCode = verdict.ok ? EXIT.done : EXIT.failed
    })

  tape
    .command('cat')
    .description('print the records of a tape as NDJSON')
    .argument('<file>')
    .option('--from <time>', 'first moment, UTC', timeArgument)
    .option('--to <time>', 'moment before which to end, UTC', timeArgument)
    .option('--symbols <symbols>', 'only these stocks and their options, by comma', listArgument)
    .option('--kinds <kinds>', 'only these kinds of records, by comma', kindsArgument)
    .option('--limit <n>', 'at most so many records', integerArgument(1, Number.MAX_SAFE_INTEGER))
    .addHelpText('after', examples('tapedeck tape cat tapes/twx-2014-06-05.tape --symbols TWX --limit 3'))
    .action(async (file: string, filter: object) => {
      const { catTape } = await import('../db/tape/inspect.ts')
      for await (const line of catTape(file, filter)) await writeStdout(`${JSON.stringify(line)}\n`)
    })
}

interface ImportArguments {
  out: string
  date?: string
  attribution?: string
  json?: boolean
}

async function importSources(sources: string[], { json: asJson, ...options }: ImportArguments): Promise<void> {
  const { importTape } = await import('../db/tape/importers/import-tape.ts')
  const { formatImportSummary } = await import('./tape-report.ts')
  const status = statusLine()
  const summary = await importTape({
    sources,
    ...options,
    onProgress: ({ bytes, totalBytes }) => status(progressBar(bytes, totalBytes)),
  }).finally(() => status(undefined))
  if (asJson) printJson(summary)
  else print(formatImportSummary(options.out, summary))
}
