/**
 * Reads the configuration again for a running command, which takes over what can change while it runs. A configuration with a mistake
 * in it changes nothing.
 */

import { ConfigError } from '../market/errors.ts'
import { changesBetween } from './changes.ts'
import type { TapedeckConfig } from './schema.ts'

export interface ReloadOptions {
  started: TapedeckConfig
  /** File, environment and command line. Throws a ConfigError. */
  read: () => TapedeckConfig
  /** Takes over what has changed. Throws a ConfigError when it cannot, and has changed nothing then. */
  apply: (config: TapedeckConfig) => Promise<void> | void
  log: Record<'info' | 'warn' | 'error', (details: object, message: string) => void>
}

/** Returns the function that reads the configuration again, once it is done with the reading before. */
export function createReload({ started, read, apply, log }: ReloadOptions): () => Promise<void> {
  let inForce = started
  let last = Promise.resolve()
  const readAgain = async () => {
    try {
      const config = read()
      const { live: applied } = changesBetween(inForce, config)
      const { needRestart } = changesBetween(started, config)
      if (applied.length > 0) await apply(config)
      inForce = config
      if (needRestart.length > 0) log.warn({ applied, needRestart }, 'configuration read again; some of what has changed needs a restart')
      else log.info({ applied }, applied.length > 0 ? 'configuration read again' : 'configuration read again; nothing has changed')
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      log.error({ problems: error.message }, 'configuration read again and refused; the settings stay as they were')
    }
  }
  return () => (last = last.then(readAgain))
}
