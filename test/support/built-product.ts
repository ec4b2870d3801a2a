/**
 * Has benches import the product as it was built (`dist/`) instead of its sources: Vitest turns every import of a source into a look-up
 * in an object at each use, which makes hot code that is spread over files a third slower than it is for users.
 */

import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

import type { Plugin } from 'vitest/config'

const ROOT = resolve(import.meta.dirname, '../..')
const BUILT = join(ROOT, 'dist')

/** For `server.deps.external`: Node itself imports what was built. */
export const builtFiles = new RegExp(`^${BUILT.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')}`)

export function builtProduct(): Plugin {
  return {
    name: 'built-product',
    enforce: 'pre',
    resolveId(source, importer) {
      if (!importer || !source.startsWith('.') || !source.endsWith('.ts')) return undefined
      const path = relative(ROOT, resolve(dirname(importer), source))
      if (path.startsWith(`test${sep}`)) return undefined
      const built = join(BUILT, path.replace(/\.ts$/, '.js'))
      if (!existsSync(built)) throw new Error(`${built} does not exist. Build first: npm run bench does.`)
      return built
    },
  }
}
