/** `tapedeck rates`: imports interest rates. */

import { type Command, Option } from 'commander'

import { type CommonOptions, configFile, currencyArgument, dataDir, examples, json } from './arguments.ts'
import { formatRefusals } from './bars-report.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson } from './output.ts'
import { withDatabase } from './settings.ts'
import type { ImportRatesOptions, RatesImportReport } from '../db/bars/import-rates.ts'
import { COMPOUNDINGS } from '../market/interest.ts'
import { alignColumns } from '../system/text-table.ts'

type ImportArguments = CommonOptions & Omit<ImportRatesOptions, 'url' | 'file'>

const MORE = `

The file has the columns date, term and rate, or date and a column for each
term: 1M, 3 Mo, 1Y, or days. What a rate is has to be said, as no file says it:
--unit percent (4 is 4 %) or fraction (0.04 is), and how it compounds. Stored
are continuously compounded rates. A day's curve is replaced as a whole.`

export function addRates(program: Command): void {
  const rates = program
    .command('rates')
    .description('import interest rates')
    .addHelpText('after', examples('tapedeck rates import par.csv --unit percent --compounding semiannual'))

  rates
    .command('import')
    .description('take curves of interest rates of a CSV file into the database')
    .argument('<file>', 'CSV file, also .gz')
    .addOption(new Option('--unit <unit>', 'what 4 means: 4 %, or 400 %').choices(['percent', 'fraction']).makeOptionMandatory())
    .addOption(new Option('--compounding <way>', 'how the rates compound').choices(COMPOUNDINGS).makeOptionMandatory())
    .option('--currency <code>', 'of the rates', currencyArgument, 'USD')
    .option('--source <name>', 'who published them', 'import')
    .option('--date-format <format>', 'like MM/DD/YYYY (default: ISO 8601)')
    .option('--dry-run', 'only report what would be imported')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'tapedeck rates import par.csv --unit percent --compounding semiannual',
        'tapedeck rates import sofr.csv --unit percent --compounding simple-360',
      ) + MORE,
    )
    .action(importFile)
}

async function importFile(file: string, options: ImportArguments): Promise<void> {
  const { importRates } = await import('../db/bars/import-rates.ts')
  await withDatabase(options, async (url) => {
    const { currency, unit, compounding, source, dateFormat, dryRun } = options
    const report = await importRates({ url, file, currency, unit, compounding, source, dateFormat, dryRun })
    if (options.json) printJson(report)
    else print(formatReport(report))
    if (report.refused.rows > 0) process.exitCode = EXIT.failed
  })
}

function formatReport({ source, currency, dryRun, rates, firstDate, lastDate, curves, refused }: RatesImportReport): string {
  const table = alignColumns([
    ['Source', source],
    ['Currency', currency],
    ['First', firstDate],
    ['Last', lastDate],
    ['Rates', rates],
    ['Curves, new', curves.new],
    ['  changed', curves.changed],
    ['  unchanged', curves.unchanged],
  ])
  const head = dryRun ? ['Nothing was imported: this is what would be.'] : []
  return [...head, table, formatRefusals(refused)].filter((text) => text !== '').join('\n\n')
}
