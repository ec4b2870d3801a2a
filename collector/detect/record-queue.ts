/** Records on their way to the detectors, in order, at most so many: a ring, so that taking one in allocates nothing. */

import type { TapeRecord } from '../../market/tick.ts'

export class RecordQueue {
  readonly #records: (TapeRecord | undefined)[]
  readonly #sessionIds: Float64Array
  readonly #queuedMs: Float64Array
  #first = 0
  #length = 0

  /** @param limit above 0 */
  constructor(limit: number) {
    this.#records = Array.from({ length: limit }, () => undefined)
    this.#sessionIds = new Float64Array(limit)
    this.#queuedMs = new Float64Array(limit)
  }

  get length(): number {
    return this.#length
  }

  get isFull(): boolean {
    return this.#length === this.#records.length
  }

  /** When the oldest record came, as it was given to `push`; NaN when there is none. */
  get oldestMs(): number {
    return this.#length === 0 ? Number.NaN : (this.#queuedMs[this.#first] as number)
  }

  /** Not to be called while it is full. */
  push(record: TapeRecord, sessionId: number, nowMs: number): void {
    const at = (this.#first + this.#length) % this.#records.length
    this.#records[at] = record
    this.#sessionIds[at] = sessionId
    this.#queuedMs[at] = nowMs
    this.#length++
  }

  /** Takes the oldest record out and hands it on. Nothing happens when there is none. */
  shift(use: (record: TapeRecord, sessionId: number) => void): void {
    const at = this.#first
    const record = this.#records[at]
    if (record === undefined) return
    this.#records[at] = undefined
    this.#first = at + 1 === this.#records.length ? 0 : at + 1
    this.#length--
    use(record, this.#sessionIds[at] as number)
  }

  clear(): void {
    this.#records.fill(undefined)
    this.#first = 0
    this.#length = 0
  }
}
