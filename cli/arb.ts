/** `tapedeck arb`: opportunities of arbitrage in what was recorded. */

import { type Command, Option } from 'commander'

import type { ScanSummary, ScanTapeOptions } from '../backtester/arbitrage/scan.ts'
import { ConfigError, FeedError } from '../market/errors.ts'
import type { Explained } from './arb-explain.ts'
import { addArbWatch } from './arb-watch.ts'
import {
  addRangeOptions,
  type CommonOptions,
  configFile,
  dataDir,
  examples,
  json,
  type QueryArguments,
  queryOf,
  sessionArgument,
} from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson } from './output.ts'
import { load, withDatabase } from './settings.ts'
import { stopSignalsOrUnread, wasInterrupted } from './signals.ts'
import { progressBar, statusLine } from './terminal.ts'

type ScanArguments = CommonOptions &
  Pick<QueryArguments, 'from' | 'to' | 'symbols'> & { session?: QueryArguments['session']; tape?: string; write?: boolean; all?: boolean }
type ExplainArguments = CommonOptions & { tape?: string }

const MORE_ON_SCAN = `

Without an option the latest session is scanned; with --from or --to every
session of that time. What opened in that time is listed, and followed to its
end. docs/arbitrage.md explains detectors, settings and the reasons for which
candidates are refused.`

const MORE_ON_EXPLAIN = `

Reads what the collector or 'tapedeck arb scan --write' stored. With --tape the
file is scanned for it, with the present settings.`

export function addArb(program: Command): void {
  const arb = program
    .command('arb')
    .description('opportunities of arbitrage, live and in what was recorded')
    .addHelpText('after', examples('tapedeck arb watch', 'tapedeck arb scan', 'tapedeck arb explain 7239411712147456-2417-1'))

  addArbWatch(arb)

  addRangeOptions(arb.command('scan'))
    .description('run the detectors over recorded sessions or a tape')
    .option('--session <id>', 'session to scan, latest, or all', sessionArgument)
    .addOption(new Option('--tape <file>', 'a tape file instead of sessions').conflicts('session'))
    .option('--write', 'store what is found, in place of what is stored')
    .option('--all', 'list every opportunity, not only the best ones')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'tapedeck arb scan',
        'tapedeck arb scan --from 2026-11-02 --symbols TWX --write',
        'tapedeck arb scan --tape day.tape --json',
      ) + MORE_ON_SCAN,
    )
    .action(scan)

  arb
    .command('explain')
    .description('show all that is known of one opportunity')
    .argument('<id>', 'as scan lists it')
    .option('--tape <file>', 'the tape file on which it was found')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck arb explain 7239411712147456-2417-1') + MORE_ON_EXPLAIN)
    .action(explain)
}

async function scan(options: ScanArguments): Promise<void> {
  const { tape, write, from, to } = options
  if (tape !== undefined && write)
    throw new ConfigError('--write: expected a session of the database, found --tape. What is found on a tape is not stored.', {
      code: 'scan-tape-write',
    })
  const { scanSessions, scanTape } = await import('../backtester/arbitrage/scan.ts')
  const { formatScan, plainScan } = await import('./arb-report.ts')
  const session = options.session ?? (from !== undefined || to !== undefined ? 'all' : 'latest')
  const { sessionId, fromUs, toUs, symbols } = queryOf({ ...options, session })
  const { stop } = stopSignalsOrUnread()
  const status = process.stderr.isTTY ? statusLine() : () => undefined
  const { arbitrage: settings, carry } = (await load(options)).config
  const common: ScanTapeOptions = {
    settings,
    carry,
    part: { fromUs, toUs, symbols },
    onProgress: (records, total) =>
      status(total === undefined ? `${records.toLocaleString('en-US')} records` : progressBar(records, total)),
    signal: stop,
  }
  const report = (summary: ScanSummary) => {
    if (wasInterrupted(stop)) process.exitCode = EXIT.interrupted
    if (options.json) printJson(plainScan(summary))
    else print(formatScan(summary, { all: options.all ?? false }))
  }
  const done = () => status(undefined)
  if (tape !== undefined) report(await scanTape(tape, common).finally(done))
  else await withDatabase(options, async (url) => report(await scanSessions({ ...common, url, sessionId, write }).finally(done)))
}

async function explain(id: string, options: ExplainArguments): Promise<void> {
  const { tape } = options
  const { formatOpportunity } = await import('./arb-explain.ts')
  const { plainEpisode } = await import('../market/arbitrage/plain.ts')
  const show = (found: Explained) => {
    if (options.json) printJson({ ...plainEpisode(found), settings: found.settings })
    else print(formatOpportunity(found))
  }
  if (tape === undefined) await withDatabase(options, async (url) => show(await storedOpportunity(url, id)))
  else show(await opportunityOnTape(tape, id, options))
}

async function storedOpportunity(url: string, id: string): Promise<Explained> {
  const { storedOpportunities } = await import('../db/read/queries/opportunities.ts')
  const { withReader } = await import('../db/read/table-streams.ts')
  const [found] = await withReader(url, (client) => storedOpportunities(client, { id }))
  if (found) return found
  const [, session] = /^(\d{1,16})-\d+-\d+$/.exec(id) ?? []
  const advice =
    session === undefined
      ? 'Take an id that `tapedeck arb scan` lists'
      : `\`tapedeck arb scan --session ${session} --write\` finds those of its session again`
  throw new FeedError(`The database holds no opportunity ${id}. ${advice}.`, { code: 'no-opportunity' })
}

async function opportunityOnTape(tape: string, id: string, options: CommonOptions): Promise<Explained> {
  const { scanTape } = await import('../backtester/arbitrage/scan.ts')
  const { arbitrage: settings, carry } = (await load(options)).config
  const { episodes } = await scanTape(tape, { settings, carry, part: {}, signal: new AbortController().signal })
  const found = episodes.find((episode) => episode.id === id)
  if (found) return { ...found, settings }
  throw new FeedError(`${tape} has no opportunity ${id} with these settings. \`tapedeck arb scan --tape ${tape}\` lists what it has.`, {
    code: 'no-opportunity',
  })
}
