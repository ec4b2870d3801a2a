/** What an event's function is given: where to log, what to count, and the faults that last. */

import type { Logger } from 'pino'

import type { Counts } from '../counts.ts'
import type { Faults } from './faults.ts'
import type { LineBudget } from './line-budget.ts'

export interface EventContext {
  log: Logger
  counts: Counts
  faults: Faults
  /** Of gaps: a farm that flaps makes many. */
  gapLines: LineBudget
  /** Of changes of the connection's state. */
  connectionLines: LineBudget
  /** Of detectors that were behind. */
  overrunLines: LineBudget
}
