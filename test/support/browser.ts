/** A real browser: Debian's chromium, or the one that TEST_BROWSER names. Nothing of it reaches the network. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']

/** Printed beside tests that are skipped for want of it. */
export const NO_BROWSER = `no browser: none of ${NAMES.join(', ')} is on the PATH (Debian: apt-get install chromium), and TEST_BROWSER names none`

/**
 * The program; undefined when there is none.
 *
 * @throws Error when there is none and TAPEDECK_REQUIRE_BROWSER=1
 */
export function findBrowser(): string | undefined {
  const named = process.env['TEST_BROWSER']
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = named ?? NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram)
  if (found === undefined && process.env['TAPEDECK_REQUIRE_BROWSER'] === '1') throw new Error(NO_BROWSER)
  return found
}

export const launchBrowser = (executablePath: string): Promise<Browser> => chromium.launch({ executablePath, args: ARGUMENTS })

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
