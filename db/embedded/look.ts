/** Checks whether the private database of a data directory is running, without starting, changing or waiting for anything. */

import { clusterPaths, OWNER, readPassword } from './cluster.ts'
import { isRunning, readPostmaster } from './postmaster.ts'

/** Its address for `pg`; undefined when it is not running, or was never made. Throws a ConfigError when its password is gone. */
export async function findRunning(dataDir: string): Promise<string | undefined> {
  const paths = clusterPaths(dataDir)
  const postmaster = await readPostmaster(paths.data)
  if (postmaster?.status !== 'ready' || postmaster.port === undefined || !isRunning(postmaster)) return undefined
  return `postgresql://${OWNER}:${await readPassword(paths)}@127.0.0.1:${postmaster.port}/${OWNER}`
}
