/**
 * The one bound of the recording: how much may lie in the journal that the database has not taken. Counts the segments that are not
 * released, those of earlier sessions too, and what waits in memory because the disk does not take it.
 *
 * States: taking -> refusing, when a limit is reached -> taking again, when a tenth of the limit is free. What is refused is ticks;
 * the records that say what the ticks mean always pass.
 */

export interface JournalLimits {
  /** Of the segments that are not released and of what waits for the disk. */
  limitBytes: number
  /** Of what waits for the disk. */
  memoryBytes: number
  /** The journal leaves so much of its disk to others: a database on the same disk could not take it otherwise. */
  minFreeBytes: number
}

/** Why a tick is not taken: the database takes too little, or the disk does. */
export type Refusal = 'journal-full' | 'journal-failed'

/** Of a limit that was reached, the part below which ticks are taken again. */
const TAKE_AGAIN_BELOW = 0.9

export class JournalBound {
  readonly limits: Readonly<JournalLimits>
  /** Of segments that are not released. */
  segmentBytes = 0
  /** Of sealed blocks that are not durable. */
  waitingBytes = 0
  /** The disk did not take the last write. */
  diskFails = false
  #refusal: Refusal | undefined

  constructor(limits: JournalLimits) {
    this.limits = limits
  }

  /** Why no tick may be appended now; undefined while ticks are taken. */
  get refusal(): Refusal | undefined {
    const { limitBytes, memoryBytes } = this.limits
    const part = this.#refusal ? TAKE_AGAIN_BELOW : 1
    if (this.waitingBytes >= memoryBytes * part) this.#refusal = 'journal-failed'
    else if (this.segmentBytes + this.waitingBytes >= limitBytes * part) this.#refusal = 'journal-full'
    else this.#refusal = undefined
    return this.#refusal
  }
}
