/** What this package says of itself and ships beside its code. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { packageRoot } from '../system/package-root.ts'

const root = packageRoot()

export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** How to start another `tapedeck`. */
export const OURSELVES: readonly [string, ...string[]] = [process.execPath, join(root, 'dist', 'tapedeck.js')]
export const SHIPPED_TAPE = join(root, 'tapes', 'twx-2014-06-05.tape')
/** What is taken for known of its day. */
export const SHIPPED_SETTINGS = join(root, 'config', 'demo-day.yaml')
export const SHIPPED_INSTRUMENTS = 185
/** Of the scenario of arbitrage. */
export const SCENARIO_SETTINGS = join(root, 'config', 'demo-arbitrage.yaml')
