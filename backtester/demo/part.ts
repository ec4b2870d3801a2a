/** A child process of ours that speaks NDJSON events on its standard output. Its log is kept for the error that may need it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

import { FeedError } from '../../market/errors.ts'

/** The last lines of a log that an error shows. */
const LOG_TAIL_LINES = 15

export class Part {
  readonly child: ChildProcess
  readonly exited: Promise<number | NodeJS.Signals>
  readonly #name: string
  readonly #events = new Map<string, unknown>()
  readonly #waiting = new Map<string, (event: unknown) => void>()
  readonly #listeners = new Map<string, (event: never) => unknown>()
  readonly #log: string[] = []

  /** `name` completes "The … ended with 1". */
  constructor(name: string, [program, ...first]: readonly [string, ...string[]], args: readonly string[], env = process.env) {
    this.#name = name
    // A process group of its own: Ctrl-C reaches only us, and we stop the parts in order.
    this.child = spawn(program, [...first, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (code, signal) => resolve(code ?? signal ?? 1))
    })
    this.exited.catch(() => undefined)
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on('line', (line) => this.#take(line))
    if (this.child.stderr) createInterface({ input: this.child.stderr }).on('line', (line) => this.#note(line))
  }

  /** Whether it died of our SIGTERM: it did not listen for it yet, or no more. */
  get wasTerminated(): boolean {
    return this.child.signalCode === 'SIGTERM'
  }

  /** Is called for each event of that name. */
  onEvent<T>(name: string, listener: (event: T) => unknown): void {
    this.#listeners.set(name, listener)
  }

  /** The event of that name, when it comes or has come. Rejects when the process ends without it. */
  event<T>(name: string): Promise<T> {
    const come = new Promise<unknown>((resolve) => {
      if (this.#events.has(name)) resolve(this.#events.get(name))
      else this.#waiting.set(name, resolve)
    })
    const gone = this.exited.then((code) => {
      if (this.#events.has(name)) return this.#events.get(name)
      throw this.#failure(code)
    })
    gone.catch(() => undefined)
    return Promise.race([come, gone]) as Promise<T>
  }

  async succeeded(): Promise<void> {
    const code = await this.exited
    if (code !== 0) throw this.#failure(code)
  }

  kill(signal: NodeJS.Signals): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
  }

  /** Asks it to stop, and makes it when it has not after so long. */
  async end(limitMs: number): Promise<void> {
    this.kill('SIGTERM')
    const timer = setTimeout(() => this.kill('SIGKILL'), limitMs)
    await this.exited.catch(() => undefined)
    clearTimeout(timer)
  }

  #note(line: string): void {
    this.#log.push(line)
    if (this.#log.length > LOG_TAIL_LINES) this.#log.shift()
  }

  #take(line: string): void {
    let parsed: { event: string }
    try {
      parsed = JSON.parse(line)
    } catch {
      // Half a line of a process that was killed while it wrote. One that lives and prints what is no event would be waited for without end.
      this.#note(line)
      this.kill('SIGKILL')
      return
    }
    const { event, ...content } = parsed
    this.#listeners.get(event)?.(content as never)
    this.#events.set(event, content)
    this.#waiting.get(event)?.(content)
  }

  #failure(code: number | NodeJS.Signals): FeedError {
    const log = this.#log.length > 0 ? ` It said:\n${this.#log.join('\n')}` : ''
    return new FeedError(`The ${this.#name} ended with ${code} before its work was done.${log}`, { code: 'demo-part-failed' })
  }
}
