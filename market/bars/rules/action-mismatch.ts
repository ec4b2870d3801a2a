/** A dividend or split says that the price jumps, and it does not, or to another price: the action is wrong or not all of it is known. */

import { jumpsOf, pricesOf } from '../jumps.ts'
import type { BarRule } from '../rule.ts'

export const actionMismatch: BarRule = {
  name: 'action-mismatch',
  about: 'The raw price does not jump as a dividend or split of that day says.',
  severity: 'warning',
  disposition: 'flag',
  lengths: 'days',
  check: (set) =>
    jumpsOf(set)
      .filter(({ kind }) => kind === 'mismatch')
      .map((jump) => {
        const likely = jump.likely === undefined ? '' : `; a split of ${jump.likely.name} more would explain it`
        const reason = jump.isJump
          ? `${jump.prices} is not explained by ${jump.action}: ${jump.left} is left${likely}`
          : `${jump.action}, and no jump (${jump.prices}): the prices are adjusted already, or the action is wrong`
        return { ...pricesOf(jump), reason }
      }),
}
