/**
 * What IB's notices say of its link and its farms, as gaps.
 *
 * States: there -> away (1100, 2110: the link to the gateway may be up while the gateway has lost IB) -> there (1102, 1101, or another
 * link). A farm that breaks (2103) is apart from that, and ends with its own 2104 or with the link.
 */

import { CONNECTIVITY_LOST, FARM_BROKEN, FARM_WORKS, RESTORED_DATA_KEPT, RESTORED_DATA_LOST, TWS_SERVER_LINK_BROKEN } from '../ib/codes.ts'
import type { Recorder } from '../record/recorder.ts'
import type { GapLedger } from './ledger.ts'

/**
 * What a notice asks for: `lines-kept`, IB is back and says that it kept the lines; `farm-back`, the same of a farm; `lines-lost`, all are
 * to be opened again.
 */
export type LineEffect = 'lines-kept' | 'farm-back' | 'lines-lost' | undefined

export class IbOutages {
  readonly #recorder: Recorder
  readonly #ledger: GapLedger
  #isAway = false

  constructor(recorder: Recorder, ledger: GapLedger) {
    this.#recorder = recorder
    this.#ledger = ledger
  }

  /** The gateway has lost IB. */
  get isAway(): boolean {
    return this.#isAway
  }

  /** To be called for every notice; most are of something else. */
  take(code: number, text: string): LineEffect {
    const recorder = this.#recorder
    // Nothing is asked for yet that could be missing, and the time is not known.
    if (!recorder.recording) return undefined
    switch (code) {
      case CONNECTIVITY_LOST:
      case TWS_SERVER_LINK_BROKEN:
        this.#isAway = true
        this.#ledger.linesLost(recorder.lastProofUs, `ib-${code}`)
        return undefined
      case FARM_BROKEN:
        this.#ledger.farmBroke(farmOf(text), recorder.lastProofUs)
        return undefined
      case FARM_WORKS:
        return this.#ledger.farmBack(farmOf(text), recorder.nowUs) ? 'farm-back' : undefined
      case RESTORED_DATA_KEPT:
        this.#isAway = false
        return 'lines-kept'
      case RESTORED_DATA_LOST:
        this.#isAway = false
        this.#ledger.linesLost(recorder.lastProofUs, `ib-${code}`)
        return 'lines-lost'
      default:
        return undefined
    }
  }

  /** The next link says anew what is away. */
  linkLost(): void {
    this.#isAway = false
    this.#ledger.farmsForgotten(this.#recorder.nowUs)
  }
}

/** The farm that a notice names: `Market data farm connection is broken:usopt`. */
function farmOf(text: string): string {
  return text.slice(text.lastIndexOf(':') + 1).trim()
}
