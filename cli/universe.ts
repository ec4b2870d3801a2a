/**
 * `tapedeck universe`: shows which contracts the running collector wants, and which it leaves out for what reason; without one, what the
 * settings would choose of those that were recorded.
 */

import type { Command } from 'commander'

import type { LoadedConfig } from '../config/load.ts'
import type { UniversePage } from '../collector/universe/page.ts'
import { ConfigError, FeedError } from '../market/errors.ts'
import { type CommonOptions, configFile, dataDir, examples, json, listArgument } from './arguments.ts'
import { print, printJson } from './output.ts'
import { load, withDatabase } from './settings.ts'

interface UniverseArguments extends CommonOptions {
  symbol?: string[]
}

const MORE = `

Asks the collector that runs. Without one, the filters of the settings are
applied to the options that the database has recorded and that have not
expired, by their last recorded open interest and volume.`

export function addUniverse(program: Command): void {
  program
    .command('universe')
    .description('show which contracts are wanted, and why not others')
    .addOption(configFile())
    .addOption(dataDir())
    .option('--symbol <symbols>', 'only these underlyings, by comma', listArgument)
    .addOption(json())
    .addHelpText('after', examples('tapedeck universe', 'tapedeck universe --symbol SPX --json') + MORE)
    .action(async (options: UniverseArguments) => {
      const { askCollector } = await import('../collector/telemetry/ask.ts')
      const { universePageSchema } = await import('../collector/universe/page.ts')
      const { config } = await load(options)
      const { dataDir, metrics } = config
      const path = options.json ? '/universe?contracts' : '/universe'
      const asked = askCollector({ dataDir, metrics: metrics === 'off' ? undefined : metrics }, { path, schema: universePageSchema })
      const page = await asked.catch((error) => recordedUniverse(options, config, error))
      const known = page.underlyings.map(({ symbol }) => symbol)
      const other = options.symbol?.filter((symbol) => !known.includes(symbol)) ?? []
      if (other.length > 0)
        throw new ConfigError(`Expected symbols of the underlyings (${known.join(', ')}), found ${other.join(', ')}.`, {
          code: 'universe-symbol',
        })
      const underlyings = page.underlyings.filter(({ symbol }) => options.symbol?.includes(symbol) ?? true)
      if (options.json) return printJson({ ...page, underlyings })
      const { formatUniverse } = await import('./universe-table.ts')
      print(formatUniverse({ ...page, underlyings }))
    })
}

/** Throws `error` where a collector runs or there is nothing to show in its place. */
async function recordedUniverse(options: UniverseArguments, config: LoadedConfig['config'], error: unknown): Promise<UniversePage> {
  const { underlyings } = config.universe
  if (!(error instanceof FeedError && error.code === 'status-no-collector') || underlyings.length === 0) throw error
  const { clusterExists } = await import('../db/embedded/cluster.ts')
  // Looking makes no database.
  if (config.database.url === undefined && !(await clusterExists(config.dataDir))) throw error
  const { connectClient } = await import('../db/pool.ts')
  const { knownOptions, knownUnderlyings } = await import('../db/read/queries/known-options.ts')
  const { knownPage } = await import('../collector/universe/known-page.ts')
  const { nyse } = await import('../market/calendar/calendar.ts')
  const today = nyse.zone.dateOf(Date.now() * 1000)
  const which = { symbols: underlyings.map(({ symbol }) => symbol), today }
  let page: UniversePage | undefined
  await withDatabase(options, async (url) => {
    const client = await connectClient(url)
    try {
      const known = { underlyings: await knownUnderlyings(client, which), options: await knownOptions(client, which, true) }
      page = knownPage(known, { underlyings, lines: config.gateway.lines, today }, options.json === true)
    } finally {
      await client.end()
    }
  })
  if (page) return page
  throw new FeedError(`${error.message} Its database has nothing of ${which.symbols.join(', ')}.`, { code: error.code, cause: error })
}
