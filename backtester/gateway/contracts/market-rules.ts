/**
 * The grids on which prices move, as the market rules that IB numbers. One cent at every price is IB's rule 26; the other grids of a
 * tape are numbered as they come, the same grid with the same number.
 */

import type { Contract } from '../../../market/contract.ts'

export interface MarketRule {
  id: number
  /** From each price on, the increment. */
  steps: readonly (readonly [lowEdge: number, increment: number])[]
  /** The finest increment. */
  minTick: number
}

const ONE_CENT: MarketRule = { id: 26, steps: [[0, 0.01]], minTick: 0.01 }
const FIRST_ID = 1001

export class MarketRules {
  readonly #bySteps = new Map([[JSON.stringify(ONE_CENT.steps), ONE_CENT]])
  readonly #byId = new Map([[ONE_CENT.id, ONE_CENT]])

  /** One cent for a contract whose grid the tape does not know. */
  of({ priceGrid }: Contract): MarketRule {
    // What stands on a tape may be anything.
    const isGrid = Array.isArray(priceGrid) && priceGrid.length > 0
    const steps = isGrid ? priceGrid.map((step) => [Number(step?.from), Number(step?.increment)] as const) : ONE_CENT.steps
    if (!steps.every(([from, increment]) => Number.isFinite(from) && Number.isFinite(increment) && increment > 0)) return ONE_CENT
    const key = JSON.stringify(steps)
    const known = this.#bySteps.get(key)
    if (known) return known
    const minTick = steps.reduce((least, [, increment]) => Math.min(least, increment), Number.POSITIVE_INFINITY)
    const rule = { id: FIRST_ID + this.#byId.size - 1, steps, minTick }
    this.#bySteps.set(key, rule)
    this.#byId.set(rule.id, rule)
    return rule
  }

  byId(id: number): MarketRule | undefined {
    return this.#byId.get(id)
  }
}
