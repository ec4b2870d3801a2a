/** The strategies that come along, by their names. */

import type { Strategy } from '../engine/strategy.ts'
import { arbitrageTaker } from './arbitrage-taker.ts'
import { buyAndHold } from './buy-and-hold.ts'
import { smaCross } from './sma-cross.ts'
import { syntheticFreeRisk } from './synthetic-free-risk.ts'
import { zScore } from './z-score.ts'

/** A strategy whose parameters are checked by its own schema before it is made. */
function listed<Params>(strategy: Strategy<Params>): Strategy {
  return {
    ...strategy,
    ...('arbitrage' in strategy && { arbitrage: (settings, params) => strategy.arbitrage?.(settings, params as Params) ?? settings }),
    create: (context, params) => strategy.create(context, params as Params),
  }
}

export const STRATEGIES: readonly Strategy[] = unique([
  listed(buyAndHold),
  listed(smaCross),
  listed(zScore),
  listed(arbitrageTaker),
  listed(syntheticFreeRisk),
])

/** @throws Error when two have one name */
export function unique(strategies: readonly Strategy[]): readonly Strategy[] {
  const names = new Set<string>()
  for (const { name } of strategies) {
    if (names.has(name)) throw new Error(`Two strategies are named "${name}". Rename one of them.`)
    names.add(name)
  }
  return strategies
}
