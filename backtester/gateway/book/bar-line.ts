/** A BarLine keeps the bars of one request for history up to date: a bar that has ended goes out as it ended, then the new one. */

import type { Quote, Trade } from '../../../market/tick.ts'
import type { BarSeries } from '../history/bar-series.ts'
import type { Book } from './book.ts'
import type { Outlet } from './line.ts'
import { writeHistoricalUpdate } from '../protocol/messages.ts'

export class BarLine {
  readonly reqId: number
  readonly book: Book
  /** A bar changed since the last sending. */
  isPending = false
  /** Number of the bar that was told last. */
  #latest: number
  /** That bar as it was told. */
  #told = ''
  readonly #series: BarSeries
  readonly #afterUs: number
  readonly #outlet: Outlet

  /** `afterUs`: up to here the series has its ticks from history. */
  constructor(reqId: number, book: Book, series: BarSeries, afterUs: number, outlet: Outlet) {
    this.reqId = reqId
    this.book = book
    this.#series = series
    this.#afterUs = afterUs
    this.#outlet = outlet
    this.#latest = Math.max(0, series.count() - 1)
  }

  /** Takes a tick of the tape. True when something is to be sent that was not before. */
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
      if (text !== this.#told) writeHistoricalUpdate(this.#outlet.writer, this.reqId, bar)
      this.#told = text
    }
    this.#outlet.spill()
  }
}
