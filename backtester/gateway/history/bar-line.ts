/** A BarLine keeps the bars of one request for history up to date: a bar that has ended goes out as it ended, then the new one. */

import type { Quote, Trade } from '../../../market/tick.ts'
import type { LiveBars } from '../book/channel.ts'
import type { Outlet } from '../book/outlet.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import { writeHistoricalUpdate } from '../protocol/messages.ts'
import type { BarSeries } from './bar-series.ts'

export class BarLine implements LiveBars {
  readonly reqId: number
  readonly listed: ListedContract
  isPending = false
  /** Number of the bar that was sent last. */
  #latest: number
  /** That bar as it was sent. */
  #sent = ''
  readonly #series: BarSeries
  readonly #afterUs: number
  readonly #outlet: Outlet

  /** `afterUs`: up to here the series has its ticks from history. */
  constructor(reqId: number, listed: ListedContract, series: BarSeries, afterUs: number, outlet: Outlet) {
    this.reqId = reqId
    this.listed = listed
    this.#series = series
    this.#afterUs = afterUs
    this.#outlet = outlet
    this.#latest = Math.max(0, series.count() - 1)
  }

  take(tick: Quote | Trade): boolean {
    if (tick.tsUs <= this.#afterUs) return false
    const isTaken = (tick.kind === 'quote' ? this.#series.quote?.(tick) : this.#series.trade?.(tick)) === true
    const isNews = isTaken && !this.isPending
    this.isPending ||= isTaken
    return isNews
  }

  send(tsUs: number): void {
    const bars = this.#series.bars(this.#latest)
    this.isPending = false
    this.#latest = this.#series.count() - 1
    this.#outlet.atTapeTime(tsUs, false)
    for (const bar of bars) {
      const text = JSON.stringify(bar)
      if (text !== this.#sent) writeHistoricalUpdate(this.#outlet.writer, this.reqId, bar)
      this.#sent = text
    }
    this.#outlet.spill()
  }
}
