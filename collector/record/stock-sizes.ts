/**
 * Has the tape say in which unit the sizes of US stocks come: what the detector learns from the records goes back onto the stream, behind
 * the record that taught it. In a replay the detector learns the same at the same place.
 */

import { type StatedUnit, StockSizeDetector } from '../../market/stock-sizes/detector.ts'
import type { StockSizes } from '../../market/tick.ts'
import type { Events } from '../telemetry/events/index.ts'
import type { Recorder } from './recorder.ts'

export interface StockSizeWatchOptions {
  recorder: Recorder
  events: Events
  stated?: StatedUnit | undefined
}

export class StockSizeWatch {
  readonly #recorder: Recorder
  readonly #events: Events
  readonly #detector: StockSizeDetector
  readonly stated: StatedUnit
  /** Not on the tape yet. */
  #learned: StockSizes | undefined

  constructor({ recorder, events, stated = 'detect' }: StockSizeWatchOptions) {
    this.#recorder = recorder
    this.#events = events
    this.stated = stated
    this.#detector = new StockSizeDetector(stated)
    recorder.subscribe((record) => {
      const learned = this.#detector.take(record)
      if (learned) this.#learned = learned
      // It says nothing of the session that has begun.
      else if (record.kind === 'session' && record.event === 'started') this.#learned = undefined
    })
  }

  get sizes(): StockSizes {
    return this.#detector.sizes
  }

  /** Records what was learned. Not to be called while a record is handed to subscribers: they would see the two in the wrong order. */
  note(): void {
    if (!this.#learned || !this.#recorder.recording) return
    const sizes = this.#learned
    this.#learned = undefined
    this.#recorder.sizes(sizes)
    this.#events.stockSizes({ sizes })
  }
}
