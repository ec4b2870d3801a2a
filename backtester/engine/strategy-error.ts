/** A fault of the strategy, which ends its run: it is stored as failed with this message. */

import { TapedeckError } from '../../market/errors.ts'

/**
 * `strategy-threw`: one of its handlers threw. `strategy-order`: it gave an order that is none. `strategy-contract`: it named an instrument that no
 * record has named so far. `strategy-loop`: it planned without end within one moment.
 */
export type StrategyFault = 'strategy-threw' | 'strategy-order' | 'strategy-contract' | 'strategy-loop'

export class StrategyError extends TapedeckError {
  /** Time of the tape. */
  readonly tsUs: number

  constructor(message: string, { code, tsUs, cause }: { code: StrategyFault; tsUs: number; cause?: unknown }) {
    super(message, { code, cause })
    this.tsUs = tsUs
  }
}
