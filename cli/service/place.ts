/** Where a unit goes, who runs it, and what of systemd is there to be told. */

import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { ConfigError, TapedeckError } from '../../market/errors.ts'
import { isOurs } from './unit.ts'

const run = promisify(execFile)

export const UNIT = 'tapedeck.service'
export const ACCOUNT = 'tapedeck'

/** @param folder another one than systemd's */
export function unitPath(isUser: boolean, folder: string | undefined): string {
  if (folder !== undefined) return join(folder, UNIT)
  return isUser
    ? join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'systemd', 'user', UNIT)
    : join('/etc/systemd/system', UNIT)
}

export const readUnit = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

/** Throws a ConfigError when the unit that is there was changed by hand. */
export function checkUnchanged(path: string, text: string, force: boolean): void {
  if (force || isOurs(text)) return
  throw new ConfigError(
    `Expected ${path} as \`tapedeck service install\` wrote it, found it changed. Keep your changes in a drop-in (systemctl edit tapedeck) ` +
      'and repeat this with --force, which takes the file away.',
    { code: 'unit-changed' },
  )
}

export async function writeUnit(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text, { mode: 0o644 })
}

export const removeUnit = (path: string): Promise<void> => rm(path, { force: true })

/** Throws a TapedeckError when the machine's systemd is not ours to change. */
export function checkRoot(isUser: boolean): void {
  if (isUser || process.getuid?.() === 0) return
  throw new TapedeckError('A service of the machine is written by root. Repeat this with sudo, or install one of your own with --user.', {
    code: 'service-needs-root',
  })
}

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Runs systemctl on the manager. Returns what went wrong, such as that none runs here, in which case nothing needs to be told. */
export async function systemctl(isUser: boolean, ...words: string[]): Promise<string | undefined> {
  try {
    await run('systemctl', [...(isUser ? ['--user'] : []), ...words])
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? error.message) : String(error)
  }
}

/** Makes the account that the service runs as, unless it is there. Returns whether it was made. */
export async function makeAccount(name: string): Promise<boolean> {
  if ((await run('id', ['-u', name]).catch(() => undefined)) !== undefined) return false
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/var/lib/tapedeck',
      '--shell',
      '/usr/sbin/nologin',
      name,
    ])
  } catch (cause) {
    throw new TapedeckError(`The account ${name} could not be made. Make it yourself (a system account without login) and repeat this.`, {
      code: 'service-account',
      cause,
    })
  }
  return true
}
