/** A jump of the raw prices that a dividend or split of that day explains: no fault. */

import { jumpsOf, pricesOf } from '../jumps.ts'
import type { BarRule } from '../rule.ts'

export const explainedJump: BarRule = {
  name: 'explained-jump',
  about: 'The raw price jumps as a dividend or split of that day says.',
  severity: 'info',
  disposition: 'flag',
  lengths: 'days',
  check: (set) =>
    jumpsOf(set)
      .filter(({ isJump, kind }) => isJump && kind === 'explained')
      .map((jump) => ({ ...pricesOf(jump), reason: `${jump.prices} is explained by ${jump.action}; ${jump.left} is left` })),
}
