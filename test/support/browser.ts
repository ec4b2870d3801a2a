/** A real browser: Debian's chromium, or the one that TEST_BROWSER names. Nothing of it reaches the network. */

import { accessSync, constants } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

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

/** A page opened from a file as a user opens it, without a network, with what it asked for and complained of. Closed with the test. */
export async function openedFrom(
  file: string,
  text: string,
  { browser, options }: { browser: Browser; options: BrowserContextOptions | undefined },
): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
  await writeFile(file, text)
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true, ...options })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(pathToFileURL(file).href)
  return { page, requests, complaints }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
