/** What a strategy of the user consists of: its file, and what that imports by a path, as does what it imports. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { init, parse } from 'es-module-lexer'

import { isPath } from './load-strategy.ts'

export interface StrategyFile {
  /** Of its own file the name; of the others the path from there, as `./sizes.mjs`. */
  name: string
  content: Buffer
}

/**
 * The strategy's own file first, the others by name. Packages are left out, as is what is imported under a name that is computed, or by `require`.
 * Empty of a strategy that comes along, and where there is no such file.
 */
export async function strategyFiles(text: string, cwd: string): Promise<StrategyFile[]> {
  if (!isPath(text)) return []
  const path = resolve(cwd, text)
  const found = new Map<string, Buffer>()
  const paths = [path]
  for (let next = paths.pop(); next !== undefined; next = paths.pop()) {
    if (found.has(next)) continue
    // What is not there is found missing when it is loaded.
    const content = await readFile(next).catch(() => undefined)
    if (!content) continue
    found.set(next, content)
    paths.push(...(await importsOf(content.toString(), next)))
  }
  const own = found.get(path)
  if (!own) return []
  found.delete(path)
  const others = [...found].map(([one, content]) => ({ name: placeFrom(dirname(path), one), content }))
  return [{ name: basename(path), content: own }, ...others.sort((one, other) => (one.name < other.name ? -1 : 1))]
}

function placeFrom(folder: string, path: string): string {
  const place = relative(folder, path).split(sep).join('/')
  return place.startsWith('../') ? place : `./${place}`
}

/** SHA-256: of a file alone that of its content, of several that of their names and contents. Undefined: there are none. */
export function hashOfFiles([own, ...others]: readonly StrategyFile[]): string | undefined {
  if (!own) return undefined
  const hash = createHash('sha256').update(own.content)
  for (const { name, content } of others) hash.update(`\n${JSON.stringify([name, content.length])}\n`).update(content)
  return hash.digest('hex')
}

/** Paths of the files that a module imports. */
async function importsOf(text: string, path: string): Promise<string[]> {
  if (!/\.[cm]?[jt]sx?$/.test(path)) return []
  await init
  try {
    const [imports] = parse(text)
    return imports.flatMap(({ n: name }) => {
      if (name === undefined || !/^(\.{1,2}\/|\/|file:)/.test(name)) return []
      return [fileURLToPath(new URL(name, pathToFileURL(path)))]
    })
  } catch {
    // No module, or one that Node will refuse as well.
    return []
  }
}
