/** Where this package is installed, for the files it ships beside its code (migrations, tapes). */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder that holds our package.json, whether we run from the sources or from `dist/`. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (packageName(folder) === 'tapedeck') return folder
    if (folder === dirname(folder)) throw new Error(`no folder above ${import.meta.dirname} holds the package.json of tapedeck`)
  }
}

function packageName(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown }).name
  } catch {
    return undefined
  }
}
