/** Records ticks as they come out of the assembler, and has the ledger account for those that are dropped. */

import type { Tick } from '../../market/tick.ts'
import type { GapLedger } from '../gaps/ledger.ts'
import type { CollectorClock } from './clock.ts'
import type { Recorder } from './recorder.ts'

export interface TickRecorder {
  take(tick: Tick, arrivalUs: number): void
  /** Data came of a line that was never opened: whose it is cannot be known. */
  takeUnknown(): void
}

export function createTickRecorder(recorder: Recorder, ledger: GapLedger, clock: CollectorClock): TickRecorder {
  return {
    take(tick, arrivalUs) {
      ledger.settle(arrivalUs)
      const reason = recorder.tick(tick, arrivalUs)
      if (reason) ledger.dropped(reason, arrivalUs)
    },
    takeUnknown() {
      recorder.drop('unknown-line')
      ledger.dropped('unknown-line', clock.nowUs())
    },
  }
}
