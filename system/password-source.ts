/**
 * Where the password of a database comes from when its address does not hold it: a file, or a command such as one that makes a token which
 * is valid for minutes. It is fetched for each connection. The address carries the source along as parameters of ours, so that whoever has
 * the address can connect; the password itself is in no address, no message and no argument of a process.
 */

import { spawn } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'

import { WriteError } from '../market/errors.ts'

const COMMAND = 'tapedeck.passwordCommand'
const FILE = 'tapedeck.passwordFile'

/** Shorter than a connection may take, so that this is what is reported. */
const LIMIT_MS = 8000
const MOST_BYTES = 65_536

export interface PasswordSource {
  passwordCommand?: string | undefined
  passwordFile?: string | undefined
}

export type FetchPassword = () => Promise<string>

/** The address with the source in it. */
export function withPasswordSource(url: string, { passwordCommand, passwordFile }: PasswordSource): string {
  if (passwordCommand === undefined && passwordFile === undefined) return url
  const address = new URL(url)
  if (passwordCommand !== undefined) address.searchParams.set(COMMAND, passwordCommand)
  if (passwordFile !== undefined) address.searchParams.set(FILE, passwordFile)
  return address.href
}

/** The address as any client takes it, and what fetches its password. */
export function splitAddress(address: string): { url: string; source: PasswordSource; fetch: FetchPassword | undefined } {
  if (!address.includes('tapedeck.password')) return { url: address, source: {}, fetch: undefined }
  const url = new URL(address)
  const source = { passwordCommand: url.searchParams.get(COMMAND) ?? undefined, passwordFile: url.searchParams.get(FILE) ?? undefined }
  url.searchParams.delete(COMMAND)
  url.searchParams.delete(FILE)
  return { url: url.href, source, fetch: () => fetchPassword(source) }
}

/** @throws WriteError `database-password`, retryable: a server of tokens may be away, a file may be written later */
export async function fetchPassword({ passwordCommand, passwordFile }: PasswordSource, limitMs = LIMIT_MS): Promise<string> {
  const [name, text] =
    passwordCommand === undefined
      ? ['database.passwordFile', await readPassword(passwordFile ?? '')]
      : ['database.passwordCommand', await runCommand(passwordCommand, limitMs)]
  // An editor ends a file with a line break, and so does echo.
  const password = text.replace(/\r?\n$/, '')
  if (password === '') throw failure(`${name}: expected a password, found nothing`)
  if (/[\r\n\0]/.test(password)) throw failure(`${name}: expected one line, found several`)
  return password
}

/** What to say of a file that others may read; undefined when it is well. Secrets that a container is given are no one else's. */
export async function complaintAbout({ passwordFile }: PasswordSource): Promise<string | undefined> {
  if (passwordFile === undefined || passwordFile.startsWith('/run/secrets/')) return undefined
  const found = await stat(passwordFile).catch(() => undefined)
  if (!found || (found.mode & 0o077) === 0) return undefined
  return `expected a password file that only its owner may read, found mode ${(found.mode & 0o777).toString(8)}: chmod 600 ${passwordFile}`
}

async function readPassword(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw failure(`database.passwordFile: ${path} cannot be read (${why})`, cause)
  }
}

/** What the command prints to standard error is not shown: it may hold the secret. */
function runCommand(command: string, limitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    // In a group of its own, so that what it started ends with it.
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    const stop = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
      child.stdout.destroy()
    }
    const fail = (why: string, cause?: unknown) => {
      clearTimeout(timer)
      stop()
      reject(failure(`database.passwordCommand ${why}. Run it by hand to see what is wrong`, cause))
    }
    const timer = setTimeout(() => fail(`did not end within ${limitMs / 1000} s`), limitMs)
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.length > MOST_BYTES) fail('printed more than a password')
    })
    child.once('error', (cause) => fail('could not be started', cause))
    child.once('close', (code, signal) => {
      if (code !== 0) return fail(code === null ? `was ended by ${signal}` : `ended with code ${code}`)
      clearTimeout(timer)
      resolve(text)
    })
  })
}

function failure(text: string, cause?: unknown): WriteError {
  return new WriteError(`The password of the database could not be had: ${text}.`, { code: 'database-password', retryable: true, cause })
}
