/** Whether an underlying has moved away from the strikes that were chosen around its price. Pure. */

import type { StrikeRange } from './select.ts'

/** `recentre`: its strikes are chosen anew around the price; `search`: and its chain is searched for new ones. */
export type PriceMove = 'none' | 'recentre' | 'search'

export interface MoveState {
  price: number
  /** Around which its strikes were chosen; undefined when none was needed. */
  center: number | undefined
  strikes: StrikeRange
  /** The strikes that are known. */
  listed: readonly number[]
  /** Since its chain was searched again for that reason. */
  searchedAgoMs: number
}

/** Of the range on either side: strikes that came and went with every small move would lose their lines each time. */
const RECENTRE_SHARE = 0.5
/** IB lists new strikes within minutes to hours, and each search is many requests. */
const SEARCH_AGAIN_MS = 1_800_000

export function priceMove({ price, center, strikes, listed, searchedAgoMs }: MoveState): PriceMove {
  const isBeyond = listed.length > 0 && (price < Math.min(...listed) || price > Math.max(...listed))
  if (isBeyond && searchedAgoMs >= SEARCH_AGAIN_MS) return 'search'
  if (strikes === 'all' || strikes.rangePercent === undefined || center === undefined) return 'none'
  return Math.abs(price - center) > (RECENTRE_SHARE * strikes.rangePercent * center) / 100 ? 'recentre' : 'none'
}
