/**
 * The detectors over the live stream: a bounded queue that the recorder fills, and turns of its own that empty it, so that neither the
 * recording nor the database ever waits for a detector.
 *
 *   watching -> the queue is full -> behind:     what is queued changes the state of the market and is not looked at; open episodes end
 *   behind   -> the queue is empty -> watching:  the state has missed nothing, so that the next quote is judged as ever
 *   watching | behind -> the engine throws -> failed:  records are passed over
 *   failed   -> a session starts -> watching:    with a new engine, as a session says everything anew
 */

import type { TapeRecord } from '../../market/tick.ts'
import type { Events } from '../telemetry/events/index.ts'
import { RecordQueue } from './record-queue.ts'

/** What looks at the records: the arbitrage engine. */
export interface Engine {
  take(record: TapeRecord, sessionId: number): void
  /** The record becomes part of the state and is not looked at; episodes that are open end with `overrun`. */
  pass(record: TapeRecord, sessionId: number): void
}

export type DetectionState = 'watching' | 'behind' | 'failed'

export interface DetectionOptions {
  /** A new one, that knows nothing. */
  createEngine: () => Engine
  events: Pick<Events, 'detectionOverrun' | 'detectionFailed'>
  /** Its engine is gone: what was open stays without an end. */
  onFailed?: () => void
  /** At the end of each turn, in milliseconds: how long its oldest record had waited for its decision. */
  onTurn?: (lagMs: number) => void
  /** Most records that wait. */
  limit?: number
}

/** Half a second of a busy market; at most some 30 MB. */
const QUEUE_RECORDS = 65_536
/** A turn ends after so long, so that the socket is read in between. */
const TURN_MS = 4
/** Records between two looks at the clock. */
const RECORDS_PER_LOOK = 32

export class Detection {
  readonly #options: DetectionOptions
  readonly #queue: RecordQueue
  readonly limit: number
  #engine: Engine
  #state: DetectionState = 'watching'
  #turn: NodeJS.Immediate | undefined
  #passed = 0
  /** Since it fell behind. */
  #passedNow = 0
  #onIdle: (() => void)[] = []

  constructor(options: DetectionOptions) {
    this.#options = options
    this.limit = options.limit ?? QUEUE_RECORDS
    this.#queue = new RecordQueue(this.limit)
    this.#engine = options.createEngine()
  }

  get state(): DetectionState {
    return this.#state
  }

  /** All that is shown of it. */
  get figures(): { state: DetectionState; queued: number; limit: number; passed: number } {
    return { state: this.#state, queued: this.queued, limit: this.limit, passed: this.#passed }
  }

  /** Records that wait. */
  get queued(): number {
    return this.#queue.length
  }

  /** Records that no detector has looked at because they were behind. */
  get passed(): number {
    return this.#passed
  }

  /** Takes a record within the recording: nothing is looked at here. */
  take(record: TapeRecord, sessionId: number): void {
    if (this.#queue.isFull) {
      if (this.#state === 'watching') this.#state = 'behind'
      this.#guard(this.#advance)
    }
    if (this.#hasFailed && !this.#beginsAnew(record)) return
    this.#queue.push(record, sessionId, performance.now())
    this.#turn ??= setImmediate(this.#work)
  }

  /** Resolves when everything that was taken so far has been looked at. */
  async idle(): Promise<void> {
    if (this.#turn) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  readonly #work = (): void => {
    this.#guard(this.#takeTurn)
    if (this.#queue.length > 0) {
      this.#turn = setImmediate(this.#work)
      return
    }
    this.#turn = undefined
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  readonly #takeTurn = (): void => {
    const { oldestMs } = this.#queue
    // The engine has failed since the turn was asked for.
    if (Number.isNaN(oldestMs)) return
    const endMs = performance.now() + TURN_MS
    do for (let i = 0; i < RECORDS_PER_LOOK; i++) this.#advance()
    while (this.#queue.length > 0 && performance.now() < endMs)
    this.#options.onTurn?.(performance.now() - oldestMs)
    if (this.#queue.length === 0 && this.#state === 'behind') this.#catchUp()
  }

  /** The oldest record reaches the engine. */
  readonly #advance = (): void => this.#queue.shift(this.#look)

  /** Nothing that throws here may reach the recording, or end the program. */
  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#state = 'failed'
      this.#queue.clear()
      this.#options.onFailed?.()
      this.#options.events.detectionFailed({ error })
    }
  }

  readonly #look = (record: TapeRecord, sessionId: number): void => {
    if (this.#state === 'watching') this.#engine.take(record, sessionId)
    else {
      this.#passed++
      this.#passedNow++
      this.#engine.pass(record, sessionId)
    }
  }

  #catchUp(): void {
    this.#state = 'watching'
    this.#options.events.detectionOverrun({ records: this.#passedNow })
    this.#passedNow = 0
  }

  get #hasFailed(): boolean {
    return this.#state === 'failed'
  }

  #beginsAnew(record: TapeRecord): boolean {
    if (record.kind !== 'session' || record.event !== 'started') return false
    this.#engine = this.#options.createEngine()
    this.#state = 'watching'
    return true
  }
}
