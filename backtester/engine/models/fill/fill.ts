/** At which price an order that may trade does so against a standing quote. */

import type { Book } from '../../book.ts'
import type { Side } from '../../orders.ts'

export interface FillModel {
  readonly name: string
  /**
   * The price per unit for a taker, undefined while there is none. It lies within the standing quote: no model trades better than the side that it
   * comes from.
   */
  takerPrice(side: Side, book: Book): number | undefined
}
