/**
 * The prices that can be quoted for a contract. IB's details name a market rule for each venue; many contracts share one, and each is
 * fetched once. Without an answer the smallest step of the details is used for every price.
 */

import type { ContractDetails } from '@stoqey/ib'

import type { PriceStep } from '../../../market/contract.ts'
import type { Link } from '../link/link.ts'
import { marketRuleOf } from './map-contract.ts'

/** IB's rules have a handful. A contract goes onto the tape with its steps, and has to fit into one record. */
const MAX_STEPS = 100

export interface PriceGridsOptions {
  link: Pick<Link, 'lost' | 'marketRule'>
  /** The gateway did not answer for a rule. */
  onMissing: (rule: number, error: unknown) => void
}

export class PriceGrids {
  readonly #options: PriceGridsOptions
  readonly #rules = new Map<number, Promise<readonly PriceStep[]>>()

  constructor(options: PriceGridsOptions) {
    this.#options = options
  }

  /** Returns undefined when the gateway knows no price step. Rejects when the link is lost. */
  async of(details: ContractDetails): Promise<readonly PriceStep[] | undefined> {
    const rule = marketRuleOf(details)
    const steps = rule === undefined ? [] : await this.#stepsOf(rule)
    if (steps.length > 0) return steps
    const { minTick } = details
    return minTick !== undefined && minTick > 0 && minTick < Number.MAX_VALUE ? [{ from: 0, increment: minTick }] : undefined
  }

  #stepsOf(rule: number): Promise<readonly PriceStep[]> {
    const { link, onMissing } = this.#options
    const known = this.#rules.get(rule)
    if (known) return known
    const asked = link
      .marketRule(rule)
      .then((steps) => {
        if (steps.length > MAX_STEPS) throw new Error(`it has ${steps.length} steps, and at most ${MAX_STEPS} are taken`)
        return steps
      })
      .catch((error: unknown) => {
        if (link.lost) throw error
        onMissing(rule, error)
        return []
      })
    this.#rules.set(rule, asked)
    return asked
  }
}
