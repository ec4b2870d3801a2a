/** The attribute bits of a price message, out of the marks that the tape has of a tick: the reverse of what a recorder reads in them. */

import { Mark } from '../../../market/marks.ts'

/** Bit 0: it can be executed against. */
export const EXECUTABLE = 1
const PAST_LIMIT = 2
const PRE_OPEN = 4

/** @param pastLimit the mark that says it of this price: that of a side, or of a price by itself */
export function priceMask(marks: number | undefined, pastLimit: number): number {
  if (marks === undefined) return 0
  return (marks & pastLimit ? PAST_LIMIT : 0) | (marks & Mark.preOpen ? PRE_OPEN : 0)
}
