/**
 * `tapedeck doctor`: everything that a recording needs, checked one after the other, each reported as soon as it is known. It disturbs
 * nothing that runs, starts nothing, and leaves nothing behind.
 */

import { checkDatabase } from './database.ts'
import type { Finding } from './finding.ts'
import { checkGateway, type GatewayNeeds } from './gateway.ts'
import { checkDirectory, checkLock, checkNode, type DirectoryNeeds } from './machine.ts'

export interface DoctorSettings {
  /** Where they come from, for people. */
  source: string
  directory: DirectoryNeeds
  /** Each connection. */
  gateways: readonly GatewayNeeds['gateway'][]
  underlyings: GatewayNeeds['underlyings']
  databaseUrl: string | undefined
}

/** `problem`: everything that is wrong with the settings. */
export async function* examine(settings: DoctorSettings | { problem: string }): AsyncGenerator<Finding> {
  yield checkNode()
  if ('problem' in settings) {
    yield { check: 'settings', state: 'failed', found: settings.problem, todo: 'correct them; nothing else was checked' }
    return
  }
  const { source, directory, gateways, underlyings, databaseUrl } = settings
  yield { check: 'settings', state: 'ok', found: source }
  yield await checkDirectory(directory)
  const { isRunning, ...lock } = await checkLock(directory.dataDir)
  yield lock
  for (const gateway of gateways) yield* checkGateway({ gateway, underlyings, isRecording: isRunning })
  yield* checkDatabase({ dataDir: directory.dataDir, url: databaseUrl })
}
