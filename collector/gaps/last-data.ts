/**
 * When each line had its last data, in the tape's time. The one thing that proves that a line lives: everything that says when a gap
 * began or is over asks here. Written for every tick, hence flat.
 */

import type { LineFeed, Tick } from '../../market/tick.ts'

/** An instrument has a market-data line and up to two tick-by-tick lines. */
const FEEDS = 3

export interface LineOf {
  instrument: number
  feed?: LineFeed | undefined
}

export class LastData {
  #lastUs = new Float64Array(FEEDS * 256)
  #latestUs = 0

  /** Data of a line has come, whether it could be recorded or not. */
  took(tick: Tick, tsUs: number): void {
    const slot = tick.instrument * FEEDS + feedSlotOfTick(tick)
    if (slot >= this.#lastUs.length) this.#grow(slot)
    this.#lastUs[slot] = tsUs
    this.#latestUs = tsUs
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

  /** The clock was set: what was at a time is at one that lies so much ahead of it. */
  shift(byUs: number): void {
    for (const [slot, us] of this.#lastUs.entries()) if (us > 0) this.#lastUs[slot] = us + byUs
    if (this.#latestUs > 0) this.#latestUs += byUs
  }

  #grow(slot: number): void {
    const grown = new Float64Array(Math.max(slot + 1, this.#lastUs.length * 2))
    grown.set(this.#lastUs)
    this.#lastUs = grown
  }
}

function slotOf(feed: LineFeed | undefined): number {
  if (feed === undefined) return 0
  return feed === 'tick-by-tick-trades' ? 1 : 2
}

function feedSlotOfTick(tick: Tick): number {
  if (tick.kind === 'trade') return tick.source === 'tick-by-tick' ? 1 : 0
  return tick.kind === 'quote' && tick.source === 'tick-by-tick' ? 2 : 0
}
