/**
 * Events for a program that reads our output, each of which counts: one that is behind gets them late, as far as a limit of memory goes,
 * and is told how many it missed.
 */

import type { LossyOutput } from './lossy-output.ts'
import { eventLine } from './output.ts'

/** What may wait in memory for a reader that has stalled. */
const BEHIND_BYTES = 8 << 20

export class CountedEvents {
  readonly #output: LossyOutput
  readonly #name: string
  #missed = 0

  constructor(output: LossyOutput, name: string) {
    this.#output = output
    this.#name = name
  }

  write(content: object): void {
    if (this.#output.offer(eventLine(this.#name, content), BEHIND_BYTES)) this.tellMissed()
    else this.#missed++
  }

  /** The reader may be as far behind as it likes: call it behind an event that was written, or at the end. */
  tellMissed(): void {
    if (this.#missed === 0) return
    this.#output.offer(eventLine('missed', { name: this.#name, count: this.#missed }), Number.POSITIVE_INFINITY)
    this.#missed = 0
  }
}
