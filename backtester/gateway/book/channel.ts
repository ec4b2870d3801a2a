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

/** What a line carries. */
export type LineFeed = 'market-data' | 'tick-by-tick' | 'bars'

export class Channel {
  readonly book: Book
  /** Market-data lines. */
  readonly lines: Line[] = []
  readonly tickLines: TickLine[] = []
  readonly bars: LiveBars[] = []
  /** Open lines that get nothing for now. Bars stay where they are and are only not sent. */
  readonly silentLines: Line[] = []
  readonly silentTickLines: TickLine[] = []
  readonly silentBars = new Set<LiveBars>()

  constructor(listed: ListedContract) {
    this.book = new Book(listed)
  }
}

/** Moves the items that are meant to the end of another list; returns them. */
export function moveItems<T>(from: T[], to: T[], isMeant: (item: T) => boolean): T[] {
  const moved = from.filter(isMeant)
  for (const item of moved) {
    from.splice(from.indexOf(item), 1)
    to.push(item)
  }
  return moved
}

/** Removes an item from the one of the lists that has it. */
export function removeItem<T>(lists: readonly T[][], item: T): void {
  for (const list of lists) {
    const at = list.indexOf(item)
    if (at >= 0) list.splice(at, 1)
  }
}
