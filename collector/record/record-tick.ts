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
      // The clock may have been set back since its first message came: a stamp of that time would lie ahead of all that follows.
      const cameUs = Math.min(arrivalUs, clock.nowUs())
      ledger.settle(cameUs)
      const reason = recorder.tick(tick, cameUs)
      if (reason) ledger.dropped(reason, cameUs)
    },
    takeUnknown() {
      recorder.drop('unknown-line')
      ledger.dropped('unknown-line', clock.nowUs())
    },
  }
}
