/** `tapedeck runs report`: one run as a page, or as data. */

import { writeFile } from 'node:fs/promises'

import { type Command, Option } from 'commander'

import type { RunSummary } from '../../backtester/metrics/summary.ts'
import type { CsvTable } from '../../backtester/report/csv.ts'
import type { RunResult } from '../../backtester/run/result.ts'
import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { print, writeStdout } from '../output.ts'
import { runArgument, withStoredRuns } from './arguments.ts'

interface ReportArguments extends CommonOptions {
  out?: string
  csv?: CsvTable
}

/** As `CSV_TABLES`, which would take its libraries along. */
const TABLES: readonly CsvTable[] = ['fills', 'orders', 'trips', 'days', 'equity']

const MORE = `

The page is one file that opens without a network, in dark and light, and
prints. --json has all that the run did, --csv one table of it; both go to
standard output unless --out names a file. --out - is standard output.`

export function addReport(runs: Command): void {
  runs
    .command('report')
    .description('write the report on a run: a page with charts, JSON, or CSV')
    .argument('<run>', 'its number', runArgument)
    .option('--out <file>', 'where to write (default: run-NUMBER.html)')
    .addOption(new Option('--csv <table>', 'this table as CSV').choices(TABLES).conflicts('json'))
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'tapedeck runs report 12',
        'tapedeck runs report 12 --out report.html',
        'tapedeck runs report 12 --csv trips --out trips.csv',
      ) + MORE,
    )
    .action(report)
}

async function report(id: number, options: ReportArguments): Promise<void> {
  const { summarise } = await import('../../backtester/metrics/summary.ts')
  const isData = options.json === true || options.csv !== undefined
  const { out = isData ? '-' : `run-${id}.html` } = options
  await withStoredRuns(options, [id], async ([run]) => {
    if (!run) return
    await write(out, await textOf(id, run, summarise(run), options))
  })
}

async function textOf(id: number, result: RunResult, summary: RunSummary, options: ReportArguments): Promise<string> {
  if (options.csv !== undefined) {
    const { runCsv } = await import('../../backtester/report/csv.ts')
    return runCsv(options.csv, result, summary)
  }
  if (options.json) {
    const { plainSummary } = await import('./run-report.ts')
    return `${JSON.stringify({ runId: id, ...result, ...plainSummary(summary), days: summary.days, trips: summary.trips })}\n`
  }
  const { runPage } = await import('../../backtester/report/page.ts')
  return runPage({ name: `run ${id}`, result, summary })
}

/** To a file, which is then named, or to standard output. */
export async function write(out: string, text: string): Promise<void> {
  if (out === '-') {
    await writeStdout(text)
    return
  }
  await writeFile(out, text)
  print(`Wrote ${out}.`)
}
