/**
 * The price jumps overnight, no action explains it, and it is traded as before: by a usual ratio of splits, which is likely one that the
 * actions lack; or further than by 1.8 and near none, as when a part of the company is split off. News moves prices as far, but then several times as much money as before is traded; a split changes that little.
 */

import { type Jump, jumpsOf, pricesOf } from '../jumps.ts'
import type { BarRule } from '../rule.ts'

export const unadjustedSplit: BarRule = {
  name: 'unadjusted-split',
  about: 'The raw price jumps like at a split, and no split is known.',
  severity: 'warning',
  disposition: 'flag',
  lengths: 'days',
  check: (set) =>
    jumpsOf(set)
      .filter(({ kind }) => kind === 'split')
      .map((jump) => ({
        ...pricesOf(jump),
        reason: `${jump.prices}, a ratio of ${jump.ratio.toFixed(3)} beside the market: ${whyOf(jump)} that is not in corporate_actions`,
      })),
}

function whyOf({ likely }: Jump): string {
  return likely === undefined ? 'near no usual ratio of splits, so perhaps a spin-off' : `likely a split of ${likely.name}`
}
