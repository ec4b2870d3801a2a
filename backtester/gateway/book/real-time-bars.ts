/**
 * Real-time bars of 5 seconds. A RealTimeBarLine is one client's subscription: it takes every tick of its contract and sends a bar once its
 * time is over. RealTimeSteps knows which lines have an unfinished bar, and when the next ends. An interval in which nothing happened has no bar.
 */

import type { Quote, Trade } from '../../../market/tick.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import type { BarSeries } from '../history/bar-series.ts'
import { writeRealTimeBar } from '../protocol/reference-messages.ts'
import type { LiveBars } from './channel.ts'
import type { Outlet } from './outlet.ts'

export const REAL_TIME_BAR_SECONDS = 5
const US_PER_SECOND = 1_000_000
const STEP_US = REAL_TIME_BAR_SECONDS * US_PER_SECOND

export class RealTimeBarLine implements LiveBars {
  readonly reqId: number
  readonly listed: ListedContract
  /** A bar has begun and was not sent. */
  isPending = false
  /** Bars that were sent. */
  #sent = 0
  readonly #series: BarSeries
  readonly #steps: RealTimeSteps
  readonly #outlet: Outlet

  /** `series`: bars of 5 seconds that are dated in seconds since 1970. */
  constructor(reqId: number, listed: ListedContract, series: BarSeries, steps: RealTimeSteps, outlet: Outlet) {
    this.reqId = reqId
    this.listed = listed
    this.#series = series
    this.#steps = steps
    this.#outlet = outlet
  }

  /** Never has anything to send before the next step. */
  take(tick: Quote | Trade): boolean {
    const isTaken = (tick.kind === 'quote' ? this.#series.quote?.(tick) : this.#series.trade?.(tick)) === true
    if (isTaken) {
      this.isPending = true
      this.#steps.expect(this, tick.tsUs)
    }
    return false
  }

  /** Sends the bars that have ended by then. */
  send(tsUs: number): void {
    const bars = this.#series.bars(this.#sent).map(({ date, ...bar }) => ({ seconds: Number(date), ...bar }))
    const ended = bars.filter(({ seconds }) => (seconds + REAL_TIME_BAR_SECONDS) * US_PER_SECOND <= tsUs)
    this.isPending = ended.length < bars.length
    if (ended.length === 0) return
    this.#sent += ended.length
    this.#outlet.atTapeTime(tsUs, false)
    for (const bar of ended) writeRealTimeBar(this.#outlet.writer, this.reqId, bar)
    this.#outlet.spill()
  }
}

export class RealTimeSteps {
  /** Tape time at which the next bar ends; Infinity when none has begun. */
  dueUs = Number.POSITIVE_INFINITY
  readonly #waiting = new Set<RealTimeBarLine>()

  /** A bar that holds `tsUs` has begun. */
  expect(line: RealTimeBarLine, tsUs: number): void {
    this.#waiting.add(line)
    this.dueUs = Math.min(this.dueUs, tsUs - (tsUs % STEP_US) + STEP_US)
  }

  /** `isSilent`: lines of which nothing is sent for now; they keep their bars. */
  flush(stepUs: number, isSilent: (line: RealTimeBarLine) => boolean): void {
    if (this.dueUs > stepUs) return
    this.dueUs = Number.POSITIVE_INFINITY
    const lines = [...this.#waiting]
    this.#waiting.clear()
    for (const line of lines) {
      // It goes on with its next tick; to wait for it step by step would never end behind the tape.
      if (isSilent(line)) continue
      // One without an unfinished bar was closed while it waited.
      if (line.isPending) line.send(stepUs)
      // A tick exactly at the step has begun the next bar.
      if (line.isPending) this.expect(line, stepUs)
    }
  }
}
