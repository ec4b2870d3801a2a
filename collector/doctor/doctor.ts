/**
 * `tapedeck doctor`: everything that a recording needs, checked one after the other, each told as soon as it is known. It disturbs
 * nothing that runs, starts nothing, and leaves nothing behind.
 */

import { wrapText } from '../../system/text-table.ts'
import { checkDatabase } from './database.ts'
import type { Finding } from './finding.ts'
import { checkGateway, type GatewayNeeds } from './gateway.ts'
import { checkDirectory, checkLock, checkNode, type DirectoryNeeds } from './machine.ts'

export interface DoctorSettings {
  /** Where they come from, for people. */
  source: string
  directory: DirectoryNeeds
  gateway: GatewayNeeds['gateway']
  underlying: GatewayNeeds['underlying']
  databaseUrl: string | undefined
}

/** `problem`: everything that is wrong with the settings. */
export async function* examine(settings: DoctorSettings | { problem: string }): AsyncGenerator<Finding> {
  yield checkNode()
  if ('problem' in settings) {
    yield { check: 'settings', state: 'failed', found: settings.problem, todo: 'correct them; nothing else was checked' }
    return
  }
  const { source, directory, gateway, underlying, databaseUrl } = settings
  yield { check: 'settings', state: 'ok', found: source }
  yield await checkDirectory(directory)
  const { isRunning, ...lock } = await checkLock(directory.dataDir)
  yield lock
  yield* checkGateway({ gateway, underlying, isRecording: isRunning })
  yield* checkDatabase({ dataDir: directory.dataDir, url: databaseUrl })
}

const WIDTH = 80
const [STATE_WIDTH, CHECK_WIDTH] = [13, 16]

/** A finding as lines of at most 80 columns. */
export function formatFinding({ check, state, found, todo }: Finding): string {
  const width = WIDTH - STATE_WIDTH - CHECK_WIDTH
  const lines = [
    ...found.split('\n').flatMap((line) => wrapText(line, width)),
    ...(todo === undefined ? [] : wrapText(`-> ${todo}`, width)),
  ]
  const head = state.padEnd(STATE_WIDTH) + check.padEnd(CHECK_WIDTH)
  return lines.map((line, i) => (i === 0 ? head : ' '.repeat(head.length)) + line).join('\n')
}
