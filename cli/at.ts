/** `tapedeck at`: an option chain as it was known at an instant. */

import { type Command, InvalidArgumentError, Option } from 'commander'

import { ConfigError, FeedError } from '../market/errors.ts'
import type { KnownChain } from '../market/state/known-chain.ts'
import { isDate, isoFromUs } from '../market/time.ts'
import { type CommonOptions, configFile, dataDir, examples, json, listArgument, timeArgument } from './arguments.ts'
import { print, printJson } from './output.ts'
import { withDatabase } from './settings.ts'

interface AtArguments extends CommonOptions {
  chain: string
  expiry?: string[]
  strikes: number | 'all'
  tape?: string
}

const DEFAULT_STRIKES = 12

const MORE = `

TIME is UTC unless it names another offset: 2014-06-05T13:30:00Z,
2014-06-05T09:30:00-04:00. The table shows times in New York.
Broker data comes as changes, so a quote stands until the next one, however old
it is. It is marked s (stale) when it is not known to have stood: its line was
closed, there was a gap, or nothing was recorded. docs/queries.md has the same
in SQL: chain_at, quote_at.`

export function addAt(program: Command): void {
  program
    .command('at')
    .description('show an option chain as it was known at an instant')
    .argument('<time>', 'the instant, UTC', timeArgument)
    .requiredOption('--chain <symbol>', 'the underlying')
    .option('--expiry <dates>', 'only these expirations, by comma (2014-06-21)', expiriesArgument)
    .option('--strikes <count>', 'so many strikes nearest to the money, or all', strikesArgument, DEFAULT_STRIKES)
    .addOption(new Option('--tape <file>', 'a tape file instead of the database'))
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'tapedeck at 2026-11-02T15:00:00Z --chain AAPL',
        'tapedeck at 2026-11-02T10:00:00-05:00 --chain AAPL --expiry 2026-11-20',
        'tapedeck at 2026-11-02T15:00:00Z --chain AAPL --strikes all --json',
        'tapedeck at 2014-06-05T15:00:00Z --chain TWX --tape day.tape',
      ) + MORE,
    )
    .action(showAt)
}

function expiriesArgument(text: string): string[] {
  const dates = listArgument(text)
  if (!dates.every(isDate)) throw new InvalidArgumentError('expected dates separated by commas, such as 2014-06-21,2014-07-19.')
  return dates
}

function strikesArgument(text: string): number | 'all' {
  if (text === 'all') return text
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > 10_000) throw new InvalidArgumentError('expected all, or an integer from 1 to 10000.')
  return count
}

async function showAt(atUs: number, options: AtArguments): Promise<void> {
  const { chain: symbol, tape } = options
  const show = async (known: KnownChain) => {
    const chosen = chosenOf(known, options)
    const { formatChain, plainChain } = await import('./at-report.ts')
    if (options.json) printJson(plainChain(chosen))
    else print(formatChain(chosen, { strikes: options.strikes }))
  }
  if (tape === undefined) await withDatabase(options, async (url) => show(await storedChain(url, symbol, atUs)))
  else {
    const { chainOnTape } = await import('../backtester/replay/chain-on-tape.ts')
    const { tapeSource } = await import('../db/tape/tape-source.ts')
    await show(await chainOnTape(tapeSource(tape), { symbol, atUs }))
  }
}

async function storedChain(url: string, symbol: string, atUs: number): Promise<KnownChain> {
  const { chainAt } = await import('../db/read/queries/chain-at.ts')
  const { withReader } = await import('../db/read/table-streams.ts')
  return withReader(url, async (client) => {
    // Compiling the query takes longer than running it; and an index is to be read for each option, not a small chunk as a whole each time.
    await client.query('SET jit = off; SET random_page_cost = 1.1')
    return chainAt(client, { symbol, atUs })
  })
}

/** Throws when nothing is left: what is not known must not look like a chain without quotes. */
function chosenOf(known: KnownChain, { expiry: wanted, tape }: AtArguments): KnownChain {
  const { symbol, atUs } = known
  if (known.options.length === 0)
    throw new FeedError(
      `No option of ${symbol} was known at ${isoFromUs(atUs)}${tape === undefined ? '' : ` on ${tape}`}. ` +
        (tape === undefined ? '`tapedeck gaps` shows what was recorded when.' : `\`tapedeck tape info ${tape}\` shows what it has.`),
      { code: 'no-chain' },
    )
  const expiries = [...new Set(known.options.map(({ expiry }) => expiry))].sort()
  const unknown = wanted?.filter((date) => !expiries.includes(date)) ?? []
  if (unknown.length > 0)
    throw new ConfigError(`--expiry: expected one of ${expiries.join(', ')}, found ${unknown.join(', ')}.`, { code: 'unknown-expiry' })
  return { ...known, options: known.options.filter(({ expiry }) => wanted?.includes(expiry) ?? true) }
}
