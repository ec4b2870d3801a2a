/** The settings in force, and the database that they name. */

import type { ConfigOverrides, LoadedConfig } from '../config/load.ts'
import type { CommonOptions } from './arguments.ts'
import { createLogger } from './logger.ts'

/** IB's numbers of the types of market data that the settings name. */
export const MARKET_DATA_TYPES = { live: 1, frozen: 2, delayed: 3, 'delayed-frozen': 4 }

/** Reads the settings in force, with the options of the command line over them. Throws a ConfigError, as loadConfig does. */
type Load = (options: CommonOptions, overrides?: ConfigOverrides) => LoadedConfig

/** Returns the function that reads the settings. Its libraries take half the time of a start, which a command without settings saves. */
export async function settingsReader(): Promise<Load> {
  const { loadConfig } = await import('../config/load.ts')
  return ({ config, dataDir, logLevel }, overrides = {}) =>
    loadConfig({
      file: config,
      env: process.env,
      cwd: process.cwd(),
      overrides: { ...overrides, ...(dataDir !== undefined && { dataDir }), ...(logLevel !== undefined && { log: { level: logLevel } }) },
    })
}

export async function load(options: CommonOptions): Promise<LoadedConfig> {
  const read = await settingsReader()
  return read(options)
}

/** Runs `use` on the database of the settings, brought to this version. */
export async function withDatabase(options: CommonOptions, use: (url: string) => Promise<void>): Promise<void> {
  const { openDatabase } = await import('../db/open.ts')
  const { config } = await load(options)
  const database = openDatabase({ config, logger: await createLogger('warn') })
  try {
    await database.prepare()
    await use(database.url())
  } finally {
    await database.close()
  }
}
