/** Commands run as a user runs them: each in a process of its own, in an environment that nothing of this machine leaks into. */

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, vi } from 'vitest'

import { COMMAND } from './recording.ts'

/** Settings that a developer may have, and what vitest sets for its own children. */
const OURS = /^(TAPEDECK_|DATABASE_URL|DB_|IB_|COLLECTION_INTERVAL_MS|MAX_SPREAD_PERCENT|EXPIRY_RANGE_DAYS|LOG_LEVEL|VITEST|NODE_ENV)/
/** How long a condition may take to come true; a test that waits longer has failed. */
const PATIENCE = { timeout: 60_000, interval: 5 }

export interface Ended {
  /** Exit code, or the signal that ended it. */
  code: number | NodeJS.Signals
  stdout: string
  stderr: string
}

/** A folder of a test, with all that runs there. Everything is killed and removed at the end of the test. */
export class Place {
  readonly folder: string
  /** Covers the runs started here and all their children. */
  readonly #mark = `TEST_PLACE=${randomBytes(8).toString('hex')}`

  constructor(folder: string) {
    this.folder = folder
  }

  get dataDir(): string {
    return join(this.folder, 'data')
  }

  /** What a run gets to see. */
  environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const [name = '', value] = this.#mark.split('=')
    const inherited = Object.entries(process.env).filter(([key]) => !OURS.test(key))
    return { ...Object.fromEntries(inherited), TAPEDECK_DATA_DIR: this.dataDir, [name]: value, ...more }
  }

  start(command: readonly string[], { env, ...options }: SpawnOptions = {}): Run {
    return new Run(command, { cwd: this.folder, ...options, env: this.environment(env) })
  }

  /** Starts `tapedeck` with these arguments. */
  tapedeck(args: readonly string[], env?: NodeJS.ProcessEnv): Run {
    return this.start([...COMMAND, ...args], { env })
  }

  /** Command lines of the processes that were started here or work on this folder: databases keep no environment. */
  async processes(): Promise<string[]> {
    return (await this.#processes()).map(({ command }) => command)
  }

  /** The process whose command line has this text. */
  async find(text: string): Promise<number | undefined> {
    return (await this.#processes()).find(({ command }) => command.includes(text))?.pid
  }

  async remove(): Promise<void> {
    for (const { pid } of await this.#processes())
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended meanwhile.
      }
    await eventually('every process has ended', async () => (await this.processes()).length === 0)
    await rm(this.folder, { recursive: true, force: true })
  }

  async #processes(): Promise<{ pid: number; command: string }[]> {
    const found = []
    for (const name of await readdir('/proc').catch(() => [])) {
      const pid = Number(name)
      if (!(pid > 0)) continue
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
      const command = (await read('cmdline')).replaceAll('\0', ' ').trim()
      if (command !== '' && (command.includes(this.folder) || (await read('environ')).includes(this.#mark))) found.push({ pid, command })
    }
    return found
  }
}

/** A process and what it has said so far. */
export class Run {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor([program = '', ...args]: readonly string[], options: SpawnOptions) {
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (code, signal) => resolve({ code: code ?? signal ?? 1, stdout: this.stdout, stderr: this.stderr }))
    })
    this.ended.catch(() => undefined)
  }

  /** Waits until the condition holds; fails when the process ends before. */
  async until(what: string, condition: (run: Run) => boolean | Promise<boolean>): Promise<void> {
    let holds = false
    await eventually(what, async () => {
      const over = this.child.exitCode !== null || this.child.signalCode !== null
      holds = await condition(this)
      return holds || over
    })
    if (!holds) expect.fail(`${this.child.spawnargs.join(' ')} ended before this: ${what}\n${this.stdout}${this.stderr}`)
  }
}

/** A new folder that any user may enter, because a database that root starts runs as another one. */
export async function newPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-test-'))
  await chmod(folder, 0o755)
  return new Place(folder)
}

/** The same for one test. */
export async function placeForTest(): Promise<Place> {
  const place = await newPlace()
  onTestFinished(() => place.remove())
  return place
}

/** Looks again and again until the condition holds. */
async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => {
    if (!(await condition())) throw new Error(`never came true: ${what}`)
  }, PATIENCE)
}

/** Takes the port for the test, unless another program has it already: it is taken either way. */
export async function takePort(port: number): Promise<number> {
  const server: Server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve() : reject(error)))
    server.listen(port, '127.0.0.1', resolve)
  })
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address ? address.port : port
}

/** An answer that a person can act on: this exit code, nothing on standard output, a message in our words and no stack trace. */
export function expectComplaint({ code, stdout, stderr }: Ended, expected: { code: number; saying: RegExp }): void {
  expect(stderr).toMatch(expected.saying)
  expect(stderr).toMatch(/^tapedeck: /m)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect({ code, stdout }).toEqual({ code: expected.code, stdout: '' })
}

/** What a command printed that did its work and had nothing to complain about. A busy machine gives it the time to show its progress. */
export function expectDone({ code, stdout, stderr }: Ended): string {
  expect({ code, stderr: stderr.replace(/^(\[#*\.*\] .*|storing what was read)\n/gm, '') }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

export const linesOf = (text: string) => text.trimEnd().split('\n')

/** Lines of JSON. */
export const parsed = (text: string) => linesOf(text).map((line) => JSON.parse(line) as Record<string, unknown>)
