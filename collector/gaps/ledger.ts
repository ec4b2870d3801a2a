/**
 * The one ledger of gaps: time without data that should have had some, by cause. A gap is open (put on the tape as `interrupted`, so
 * that it is named also when this process does not live to see its end) -> named (a gap record with its end).
 *
 * Open at the same time can be
 *   - one gap of all lines: the link is lost, IB is away, an earlier run crashed. Causes that come on top of each other are one gap,
 *     named after the first;
 *   - one of each broken farm, which is of the lines that the farm serves (farms.ts);
 *   - one for each reason for which ticks are dropped. It is over when none was dropped for a second of the tape's time, or, for what
 *     the journal refuses, as soon as the journal takes ticks again.
 *
 * A gap is told in the time of the session in which it began; what is left of it when the session ends is another one in the next. One
 * that is noticed in a later session than it began in is named in the time of each.
 */

import type { DropReason, Recorder } from '../record/recorder.ts'
import type { Events } from '../telemetry/events/index.ts'
import type { Gap, GapStart } from './gap.ts'

/** What outages of all lines, and of farms, are told to: the ledger, or the part of it that is of one connection of several. */
export type OutageLedger = Pick<GapLedger, 'allLines' | 'linesLost' | 'linesBack' | 'farmGap' | 'farmBroke' | 'farmBack' | 'farmsForgotten'>

interface OpenGap extends GapStart {
  /** Absent: nothing was dropped, there was nothing. */
  dropped?: { reason: DropReason; toTsUs: number; ticks: number }
}

/** Silence, in the tape's time, after which ticks that are dropped for the same reason make another gap. */
const QUIET_US = 1_000_000
const ALL_LINES = 'all lines'
const farmKey = (farm: string) => `farm ${farm}`
const dropKey = (reason: DropReason) => `dropped ${reason}`

export class GapLedger {
  readonly #recorder: Recorder
  readonly #events: Events
  readonly #open = new Map<string, OpenGap>()
  #drops = 0

  constructor(recorder: Recorder, events: Events) {
    this.#recorder = recorder
    this.#events = events
  }

  /** Gaps that are open now, by their begin. */
  get open(): readonly GapStart[] {
    return [...this.#open.values()].sort((a, b) => a.fromTsUs - b.fromTsUs)
  }

  /** The gap of all lines, while it is open. */
  get allLines(): GapStart | undefined {
    return this.#open.get(ALL_LINES)
  }

  /** The gap of a farm, while it is open. */
  farmGap(farm: string): GapStart | undefined {
    return this.#open.get(farmKey(farm))
  }

  /** No line has data from then on. */
  linesLost(fromTsUs: number, cause: string): void {
    this.#begin(ALL_LINES, { fromTsUs, cause })
  }

  /** The wanted lines have data again. */
  linesBack(toTsUs: number): void {
    this.#end(ALL_LINES, toTsUs)
  }

  /** IB repeats itself; a gap goes on from its first begin. */
  farmBroke(farm: string, fromTsUs: number): void {
    this.#begin(farmKey(farm), { fromTsUs, cause: `farm-broken: ${farm}` })
  }

  /** True when it was broken. */
  farmBack(farm: string, toTsUs: number): boolean {
    return this.#end(farmKey(farm), toTsUs)
  }

  /** The link is lost, and the gap of all lines has begun: the next link names its broken farms anew. */
  farmsForgotten(toTsUs: number): void {
    for (const key of this.#open.keys()) if (key.startsWith(farmKey(''))) this.#end(key, toTsUs)
  }

  /** A gap that is known from its begin to its end. */
  name(gap: Gap): void {
    if (this.#recorder.gap(gap)) this.#events.gapNamed(gap)
  }

  /** A tick was dropped. */
  dropped(reason: DropReason, arrivalUs: number): void {
    const recorder = this.#recorder
    const tsUs = recorder.stampFor(arrivalUs)
    const key = dropKey(reason)
    let gap = this.#open.get(key)
    if (!gap) {
      const fromTsUs = recorder.recording ? Math.min(recorder.lastProofUs, tsUs - 1) : tsUs - 1
      gap = { fromTsUs, cause: `dropped: ${reason}`, dropped: { reason, toTsUs: tsUs, ticks: 0 } }
      this.#drops++
      this.#events.ticksDropping({ reason })
      this.#begin(key, gap)
    }
    if (gap.dropped) {
      gap.dropped.toTsUs = Math.max(gap.dropped.toTsUs, tsUs)
      gap.dropped.ticks++
    }
    recorder.proved(tsUs)
  }

  /** To be called as the tape's time goes on: names what is no longer being dropped. */
  settle(nowUs: number): void {
    if (this.#drops === 0) return
    const { refusal } = this.#recorder
    for (const [key, { dropped }] of this.#open) {
      if (!dropped) continue
      const { reason, toTsUs } = dropped
      const isOver = reason.startsWith('journal-') ? !refusal : nowUs - toTsUs >= QUIET_US
      if (isOver) this.#end(key, toTsUs)
    }
  }

  /** Names everything that is open up to then: the recording ends. */
  end(toTsUs: number): void {
    for (const [key, { dropped }] of this.#open) this.#end(key, dropped?.toTsUs ?? toTsUs)
  }

  /** A session has begun, the first one or behind an end: puts on its tape what is open. */
  sessionBegan(): void {
    for (const [key, { dropped }] of this.#open) if (dropped) this.#end(key, dropped.toTsUs)
    for (const gap of this.#open.values()) this.#recorder.interrupted(gap)
  }

  /** `rotate` ends the session and begins the next one. Names what is open in the time of the old one, and its rest in that of the new one. */
  nextSession(rotate: () => void): void {
    const rest = [...this.#open].filter(([, { dropped }]) => !dropped)
    // The clock may show an earlier time already.
    const endUs = Math.max(this.#recorder.nowUs, this.#recorder.lastProofUs)
    this.end(endUs)
    rotate()
    const fromTsUs = Math.min(endUs, this.#recorder.nowUs)
    for (const [key, { cause }] of rest) this.#put(key, { fromTsUs, cause })
  }

  #begin(key: string, gap: OpenGap): void {
    if (this.#open.has(key)) return
    const parts = this.#recorder.earlierParts(gap.fromTsUs)
    for (const { fromUs, toUs } of parts) this.name({ fromTsUs: fromUs, toTsUs: toUs, cause: gap.cause })
    this.#put(key, parts.length === 0 ? gap : { ...gap, fromTsUs: this.#recorder.beganUs })
  }

  #put(key: string, gap: OpenGap): void {
    this.#open.set(key, gap)
    if (this.#recorder.recording) this.#recorder.interrupted(gap)
  }

  /** False when no such gap is open. */
  #end(key: string, toTsUs: number): boolean {
    const gap = this.#open.get(key)
    if (!gap) return false
    this.#open.delete(key)
    const { fromTsUs, cause, dropped } = gap
    if (!dropped) {
      this.name({ fromTsUs, toTsUs, cause })
      return true
    }
    this.#drops--
    const named = this.#recorder.gap({ fromTsUs, toTsUs, cause, droppedTicks: dropped.ticks })
    this.#events.ticksDropped({ fromTsUs, toTsUs, cause, droppedTicks: dropped.ticks, named })
    return true
  }
}
