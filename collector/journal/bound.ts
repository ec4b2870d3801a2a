/**
 * The one bound of the recording: how much may lie in the journal that the database has not taken. Counts the segments that are not
 * released, of earlier sessions too, and what waits in memory because the disk does not take it. And what is wrong with the journal now.
 *
 * States: taking -> refusing, when a limit is reached -> taking again, when a tenth of the limit is free. What is refused is ticks;
 * the records that say what the ticks mean always pass.
 */

import type { SegmentRef } from './batch.ts'

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

/** `disk`: it took nothing at the last attempt. `folder`: files of the journal are gone. `start`: what a crash left cannot be read. */
type Fault = 'disk' | 'folder' | 'start'

/** Of a limit that was reached, the part below which ticks are taken again. */
const TAKE_AGAIN_BELOW = 0.9

export class JournalBound {
  readonly limits: Readonly<JournalLimits>
  /** Not released. */
  readonly #segments = new Set<SegmentRef>()
  /** Of these, the ones whose files have disappeared. */
  readonly #missing = new Set<SegmentRef>()
  readonly #faults = new Map<Fault, string>()
  #segmentBytes = 0
  #waitingBytes = 0
  #waitingTicks = 0
  #refusal: Refusal | undefined

  constructor(limits: JournalLimits) {
    this.limits = limits
  }

  /** Segments that are not released. */
  get segments(): ReadonlySet<SegmentRef> {
    return this.#segments
  }

  /** Of segments that are not released. */
  get segmentBytes(): number {
    return this.#segmentBytes
  }

  /** Of sealed blocks that are not durable. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Ticks in these blocks. */
  get waitingTicks(): number {
    return this.#waitingTicks
  }

  /** The disk did not take the last write. */
  get diskFails(): boolean {
    return this.#faults.has('disk')
  }

  /** What is wrong with the journal now, for people; undefined while all is well. */
  get fault(): string | undefined {
    return this.#faults.size === 0 ? undefined : [...this.#faults.values()].join('; ')
  }

  /** Why ticks are not recorded, or not safely, now; undefined while they are. */
  get trouble(): string | undefined {
    const { refusal } = this
    if (refusal === 'journal-full') return 'the journal is full: ticks are dropped until the database takes some of it'
    if (refusal) return 'the journal cannot be written and memory is full: ticks are dropped'
    return this.diskFails ? 'the journal cannot be written; ticks wait in memory' : this.fault
  }

  /** Why no tick may be appended now; undefined while ticks are taken. */
  get refusal(): Refusal | undefined {
    const { limitBytes, memoryBytes } = this.limits
    const part = this.#refusal ? TAKE_AGAIN_BELOW : 1
    if (this.#waitingBytes >= memoryBytes * part) this.#refusal = 'journal-failed'
    else if (this.#segmentBytes + this.#waitingBytes >= limitBytes * part) this.#refusal = 'journal-full'
    else this.#refusal = undefined
    return this.#refusal
  }

  /** The file of a segment that is not released has become so much longer; its first bytes make the segment known. */
  grow(segment: SegmentRef, bytes: number): void {
    this.#segments.add(segment)
    segment.bytes += bytes
    this.#segmentBytes += bytes
  }

  /** The segment is released or removed. */
  forget(segment: SegmentRef): void {
    if (!this.#segments.delete(segment)) return
    this.#segmentBytes -= segment.bytes
    if (this.#missing.delete(segment) && this.#missing.size === 0) this.#faults.delete('folder')
  }

  /** A sealed block waits for the disk. */
  wait(bytes: number, ticks: number): void {
    this.#waitingBytes += bytes
    this.#waitingTicks += ticks
  }

  /** It waits no longer: it is durable, or lost. */
  settle(bytes: number, ticks: number): void {
    this.#waitingBytes -= bytes
    this.#waitingTicks -= ticks
  }

  setFault(fault: Fault, text: string | undefined): void {
    if (text === undefined) this.#faults.delete(fault)
    else this.#faults.set(fault, text)
  }

  /** Files of segments have disappeared: a fault until each segment is in the database, or named by a gap, and so released. */
  setMissing(segments: readonly SegmentRef[]): void {
    for (const segment of segments) if (this.#segments.has(segment)) this.#missing.add(segment)
    if (this.#missing.size > 0)
      this.#faults.set('folder', `files of the journal have disappeared (${[...this.#missing].map(({ path }) => path).join(', ')})`)
  }
}
