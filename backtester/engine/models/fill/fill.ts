/** At which price an order that may trade does so against a standing quote. */

import type { Book } from '../../book.ts'
import type { Side } from '../../orders.ts'

export interface FillModel {
  readonly name: string
  /** What it can trade against; absent: both. Whatever the model, an order trades in bars as bar-fill.ts says. */
  readonly data?: 'quotes' | 'bars' | undefined
  /**
   * The price per unit for a taker, undefined while there is none. It lies within the standing quote: no model trades better than the side that it
   * comes from.
   */
  takerPrice(side: Side, book: Book): number | undefined
}
