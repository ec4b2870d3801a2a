/** The settings in force, and the database that they name. */

import { type ConfigOverrides, type LoadedConfig, loadConfig } from '../config/load.ts'
import type { CommonOptions } from './arguments.ts'
import { createLogger } from './logger.ts'

/** IB's numbers of the types of market data that the settings name. */
export const MARKET_DATA_TYPES = { live: 1, frozen: 2, delayed: 3, 'delayed-frozen': 4 }

/** The settings in force, with the options of the command line over them. Throws a ConfigError, as loadConfig does. */
export function load(options: CommonOptions, overrides: ConfigOverrides = {}): LoadedConfig {
  return loadConfig({
    file: options.config,
    env: process.env,
    cwd: process.cwd(),
    overrides: {
      ...overrides,
      ...(options.dataDir !== undefined && { dataDir: options.dataDir }),
      ...(options.logLevel !== undefined && { log: { level: options.logLevel } }),
    },
  })
}

/** Runs `use` on the database of the settings, brought to this version. */
export async function withDatabase(options: CommonOptions, use: (url: string) => Promise<void>): Promise<void> {
  const { openDatabase } = await import('../db/open.ts')
  const database = openDatabase({ config: load(options).config, logger: await createLogger('warn') })
  try {
    await database.prepare()
    await use(database.url())
  } finally {
    await database.close()
  }
}
