/**
 * When each line had its last data, in the tape's time. The one thing that proves that a line lives: everything that says when a gap
 * began or is over asks here. Written for every tick, hence flat.
 *
 * News is data that is not the first of a request: that is what stands, which the gateway may have kept from before it lost IB.
 */

import { Mark } from '../../market/marks.ts'
import type { LineFeed, Tick } from '../../market/tick.ts'

/** An instrument has a market-data line and up to two tick-by-tick lines. */
const FEEDS = 3
/** Marks of what stands. */
const STANDING = Mark.initial | Mark.frozen

export interface LineOf {
  instrument: number
  feed?: LineFeed | undefined
}

export class LastData {
  #lastUs = new Float64Array(FEEDS * 256)
  #newsUs = new Float64Array(FEEDS * 256)
  #latestUs = 0
  #latestNewsUs = 0

  /** Data of a line has come, whether it could be recorded or not. */
  took(tick: Tick, tsUs: number): void {
    const slot = tick.instrument * FEEDS + feedSlotOfTick(tick)
    if (slot >= this.#lastUs.length) this.#grow(slot)
    this.#lastUs[slot] = tsUs
    this.#latestUs = tsUs
    if (tick.marks !== undefined && (tick.marks & STANDING) !== 0) return
    this.#newsUs[slot] = tsUs
    this.#latestNewsUs = tsUs
  }

  /** 0 when the line never had any. */
  of({ instrument, feed }: LineOf): number {
    return this.#lastUs[instrument * FEEDS + slotOf(feed)] ?? 0
  }

  /** Of all lines; 0 when none ever had any. */
  get latestUs(): number {
    return this.#latestUs
  }

  /** Of some lines; 0 when none of them ever had any. */
  latestOf(lines: Iterable<LineOf>): number {
    let latestUs = 0
    for (const line of lines) latestUs = Math.max(latestUs, this.of(line))
    return latestUs
  }

  /** The latest news of all lines; 0 when there never was any. */
  get latestNewsUs(): number {
    return this.#latestNewsUs
  }

  /** 0 when the line never had any. */
  newsOf({ instrument, feed }: LineOf): number {
    return this.#newsUs[instrument * FEEDS + slotOf(feed)] ?? 0
  }

  /** Of some lines. */
  latestNewsOf(lines: Iterable<LineOf>): number {
    let latestUs = 0
    for (const line of lines) latestUs = Math.max(latestUs, this.newsOf(line))
    return latestUs
  }

  /** The clock was set: what was at a time is at one that lies so much ahead of it. */
  shift(byUs: number): void {
    for (const times of [this.#lastUs, this.#newsUs]) for (const [slot, us] of times.entries()) if (us > 0) times[slot] = us + byUs
    if (this.#latestUs > 0) this.#latestUs += byUs
    if (this.#latestNewsUs > 0) this.#latestNewsUs += byUs
  }

  #grow(slot: number): void {
    const length = Math.max(slot + 1, this.#lastUs.length * 2)
    this.#lastUs = grown(this.#lastUs, length)
    this.#newsUs = grown(this.#newsUs, length)
  }
}

function grown(times: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length)
  longer.set(times)
  return longer
}

function slotOf(feed: LineFeed | undefined): number {
  if (feed === undefined) return 0
  return feed === 'tick-by-tick-trades' ? 1 : 2
}

function feedSlotOfTick(tick: Tick): number {
  if (tick.kind === 'trade') return tick.source === 'tick-by-tick' ? 1 : 0
  return tick.kind === 'quote' && tick.source === 'tick-by-tick' ? 2 : 0
}
