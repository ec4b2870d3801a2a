/** Where the data for tests lies that does not ship with the project: beside the checkout, in `shared/data`. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { packageRoot } from '../../system/package-root.ts'

export const SHARED_DATA = join(packageRoot(), '..', 'shared', 'data')

export const hasSharedData = existsSync(SHARED_DATA)

/** For the titles of tests that are skipped without it. */
export const withSharedData = hasSharedData ? '' : ' (skipped: ../shared/data is not there)'
