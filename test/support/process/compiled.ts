/** The program as JavaScript, for tests that start Node processes: Node 20 does not run TypeScript, and dist/ may be older than the sources. */

import { execFile } from 'node:child_process'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../../system/package-root.ts'

/**
 * Compiles `entries` and all that they import into the folder `out`, laid out like the sources. Types are not checked.
 *
 * @param entries paths from the package's root: `db/embedded/server.ts`
 */
export async function compile(out: string, entries: readonly string[]): Promise<void> {
  const root = packageRoot()
  const options = ['--ignoreConfig', '--noCheck', '--target', 'es2023', '--module', 'nodenext', '--rewriteRelativeImportExtensions']
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  await promisify(execFile)(process.execPath, [tsc, ...options, '--rootDir', root, '--outDir', out, ...entries], { cwd: root })
  await writeFile(join(out, 'package.json'), '{"type":"module"}')
  await symlink(join(root, 'node_modules'), join(out, 'node_modules'))
}
