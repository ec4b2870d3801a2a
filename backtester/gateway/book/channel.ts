/** Everybody who gets the market data of one contract. */

import type { ListedContract } from '../contracts/contracts.ts'
import type { Quote, Trade } from '../../../market/tick.ts'
import { Book } from './book.ts'
import type { Line } from './market-data-line.ts'
import type { TickLine } from './tick-by-tick-line.ts'

/** Bars of one request for history that are kept up to date. */
export interface LiveBars {
  readonly listed: ListedContract
  /** A bar changed since the last sending. */
  isPending: boolean
  /** Takes a tick of the tape. True when something is to be sent that was not before. */
  take(tick: Quote | Trade): boolean
  send(tsUs: number): void
}

export class Channel {
  readonly book: Book
  /** Market-data lines. */
  readonly lines: Line[] = []
  readonly tickLines: TickLine[] = []
  readonly bars: LiveBars[] = []

  constructor(listed: ListedContract) {
    this.book = new Book(listed)
  }
}
