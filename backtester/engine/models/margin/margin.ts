/** How much of its equity an account has to keep for what it holds. */

import type { Contract } from '../../../../market/contract.ts'
import type { Units } from '../../money.ts'

/** A position with what it is valued by. */
export interface Holding {
  contract: Contract
  /** Negative: short. */
  quantity: number
  /** Per unit of the underlying. */
  mark: number
  /** Of an option: what its underlying costs; undefined where no price is known. */
  underlyingPrice: number | undefined
}

export interface MarginModel {
  readonly name: string
  /** To enter. */
  initial(holdings: readonly Holding[]): Units
  /** To keep. */
  maintenance(holdings: readonly Holding[]): Units
}
