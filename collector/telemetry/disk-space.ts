/**
 * How much room the disk of the journal has. Asked on a timer and not when it is scraped: a file system that hangs must not keep the
 * metrics from being read. NaN until the first answer, and while there is none.
 */

import { statfs } from 'node:fs/promises'

export interface DiskSpaceOptions {
  folder: string
  /** What the journal leaves to others. */
  reservedBytes: number
  everyMs?: number
}

const EVERY_MS = 10_000

export class DiskSpace {
  readonly #options: DiskSpaceOptions
  #timer: NodeJS.Timeout | undefined
  #isAsking = false
  #freeBytes = Number.NaN
  #sizeBytes = Number.NaN

  constructor(options: DiskSpaceOptions) {
    this.#options = options
  }

  /** For users without privileges. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get reservedBytes(): number {
    return this.#options.reservedBytes
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#ask(), this.#options.everyMs ?? EVERY_MS)
    await this.#ask()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      const { bavail, blocks, bsize } = await statfs(this.#options.folder)
      this.#freeBytes = bavail * bsize
      this.#sizeBytes = blocks * bsize
    } catch {
      this.#freeBytes = Number.NaN
      this.#sizeBytes = Number.NaN
    } finally {
      this.#isAsking = false
    }
  }
}
