/**
 * `collector.json` in the data directory: who this collector is, and which of its sessions have not ended. It survives what happens to
 * the journal's folder, so that a session whose segments are gone is still known to have been open.
 *
 * A session of the list: open (`began`) -> removed, when it has ended in order or a later session has taken its gap over (`forget`).
 * One that no segment is left of gets `untilUs`, the begin of the session after it, and stays until the database was asked.
 */

import { randomUUID } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

import { z } from 'zod'

import { replaceFile } from '../../system/durable-files.ts'

const sessionSchema = z.object({
  sessionId: z.int().positive(),
  startedUs: z.number(),
  clock: z.string(),
  /** When the session after it began: what is missing is missing until then. */
  untilUs: z.number().optional(),
})
/** Open when the last session ended in order. */
const gapSchema = z.object({ fromTsUs: z.number(), cause: z.string(), clock: z.string() })
const fileSchema = z.object({
  collectorId: z.string().min(1),
  lastSessionId: z.int().nonnegative(),
  open: z.array(sessionSchema),
  gap: gapSchema.optional(),
})

type OpenSession = z.output<typeof sessionSchema>

const FILE = 'collector.json'
const RETRY_MS = 5000

export interface CollectorFileOptions {
  dataDir: string
  /** It cannot be read or written. What it says is then known to this process only; writing is tried again. */
  onError: (error: unknown, path: string) => void
}

export class CollectorFile {
  readonly #options: CollectorFileOptions
  readonly #state: z.output<typeof fileSchema>
  #saving: Promise<void> = Promise.resolve()
  #changes = 0
  #retry: NodeJS.Timeout | undefined

  private constructor(options: CollectorFileOptions, state: z.output<typeof fileSchema>) {
    this.#options = options
    this.#state = state
  }

  /** Reads the file, or makes one with a new id. Never throws for reasons of the file. */
  static async open(options: CollectorFileOptions): Promise<CollectorFile> {
    const path = join(options.dataDir, FILE)
    const fresh = { collectorId: randomUUID(), lastSessionId: 0, open: [] }
    let found: z.output<typeof fileSchema> | undefined
    try {
      found = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        options.onError(error, path)
        await rename(path, `${path}.damaged`).catch(() => undefined)
      }
    }
    const file = new CollectorFile(options, found ?? fresh)
    if (!found) await file.#save()
    return file
  }

  get collectorId(): string {
    return this.#state.collectorId
  }

  /** The greatest session id that was given. */
  get lastSessionId(): number {
    return this.#state.lastSessionId
  }

  /** Sessions that have not ended, in the order of their begins. */
  get open(): readonly Readonly<OpenSession>[] {
    return this.#state.open
  }

  began(sessionId: number, startedUs: number, clock: string): void {
    for (const session of this.#state.open) session.untilUs ??= startedUs
    this.#state.open.push({ sessionId, startedUs, clock })
    this.#state.lastSessionId = Math.max(this.#state.lastSessionId, sessionId)
    void this.#save()
  }

  /** A gap that the last run left open, though it ended in order. */
  get gap(): z.output<typeof gapSchema> | undefined {
    return this.#state.gap
  }

  leaveGap(gap: z.output<typeof gapSchema> | undefined): void {
    if (!gap && !this.#state.gap) return
    this.#state.gap = gap
    void this.#save()
  }

  /** Nothing is left to be named of these sessions. */
  forget(sessionIds: readonly number[]): void {
    const open = this.#state.open.filter(({ sessionId }) => !sessionIds.includes(sessionId))
    if (open.length === this.#state.open.length) return
    this.#state.open = open
    void this.#save()
  }

  /** Resolves when every change until now was tried to be written. */
  async saved(): Promise<void> {
    clearTimeout(this.#retry)
    await this.#saving
  }

  #save(): Promise<void> {
    const change = ++this.#changes
    clearTimeout(this.#retry)
    this.#saving = this.#saving.then(async () => {
      // A later one writes all.
      if (change !== this.#changes) return
      const path = join(this.#options.dataDir, FILE)
      try {
        await replaceFile(path, `${JSON.stringify(this.#state, undefined, 2)}\n`)
      } catch (error) {
        this.#options.onError(error, path)
        this.#retry = setTimeout(() => void this.#save(), RETRY_MS)
        this.#retry.unref()
      }
    })
    return this.#saving
  }
}
