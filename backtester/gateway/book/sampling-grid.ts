/** The sampling steps of one kind of contract, and what waits for the next one. */

import type { LiveBars } from './channel.ts'
import type { Line } from './market-data-line.ts'
import type { MarketTotals } from './market-totals.ts'

export class SamplingGrid {
  /** Time of the next step that has something to look at; Infinity when nothing waits. */
  dueUs = Number.POSITIVE_INFINITY
  readonly waiting: Line[] = []
  readonly waitingBars: LiveBars[] = []
  readonly #stepUs: number

  constructor(stepUs: number) {
    this.#stepUs = stepUs
  }

  /** Something that happened at `tsUs` waits for the next step; exactly at a step it goes out there. */
  expect(tsUs: number): void {
    if (this.dueUs !== Number.POSITIVE_INFINITY) return
    const rest = tsUs % this.#stepUs
    this.dueUs = rest === 0 ? tsUs : tsUs - rest + this.#stepUs
  }

  /** Sends what waits, if it is due at `stepUs`. */
  flush(stepUs: number, totals: MarketTotals): void {
    if (this.dueUs > stepUs) return
    this.dueUs = Number.POSITIVE_INFINITY
    // One without anything pending was closed while it waited.
    for (const line of this.waiting) if (line.pendingQuotes + line.pendingFields > 0) line.send(stepUs, totals)
    this.waiting.length = 0
    for (const live of this.waitingBars) if (live.isPending) live.send(stepUs)
    this.waitingBars.length = 0
  }
}
