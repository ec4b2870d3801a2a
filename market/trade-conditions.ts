/**
 * Which trades set a price. Those that do not are volume alone: they were agreed on earlier, elsewhere, or for other terms than the market's,
 * so that open, high, low and close leave them out.
 */

import { isMarked, Mark } from './marks.ts'
import type { Trade } from './tick.ts'

/**
 * Sale conditions of the US tapes that set no high, low or last: cash (C), price variation (H), odd lot (I), official close of a venue (M),
 * next day (N), prior reference price (P), official open of a venue (Q), seller's option (R), out of sequence in extended hours (U),
 * contingent (V), average price (W), derivatively priced (4), qualified contingent (7), corrected close (9).
 */
const NO_PRICE = /[CHIMNPQRUVW479]/

/**
 * The same as the flags of imported trades, of which 0x20 (intermarket sweep) comes on top: minute bars that another engine made of the same
 * trades leave it out. Cash 0x2, next day 0x4, seller 0x8, derivatively priced 0x200, with an option 0x40000, average price 0x100000,
 * price variation 0x400000, official close 0x1000000, prior reference price 0x2000000, official open 0x4000000, odd lot 0x80000000.
 */
const NO_PRICE_FLAGS = 0x87_54_02_2e
/** Flags keep their spelling when an imported tape was served and recorded again. Conditions of the tapes have no 0. */
const FLAGS = /^(?=.*0)[0-9a-f]+$/i

/** False for a trade that counts in volume alone. A trade without conditions sets a price. */
export function setsPrice(trade: Pick<Trade, 'source' | 'conditions' | 'marks'>): boolean {
  if (isMarked(trade, Mark.unreported)) return false
  const { source, conditions } = trade
  if (conditions === undefined || conditions === '') return true
  const areFlags = source === 'import' ? /^[0-9a-f]+$/i.test(conditions) : FLAGS.test(conditions)
  return areFlags ? (Number.parseInt(conditions, 16) & NO_PRICE_FLAGS) === 0 : !NO_PRICE.test(conditions)
}
