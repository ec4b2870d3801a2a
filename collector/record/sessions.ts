/**
 * Begins, rotates and ends recording sessions, as the market's clock demands.
 *
 * States: waiting (the time is not known yet; with the wall clock it always is) -> recording -> ended. A session ends and the next one
 * begins at once, with the same contracts and open lines, when time has jumped: the system's clock has moved by more than 100 ms
 * against monotonic time, or the published time went back. Nothing is lost by that, so that no gap is named.
 *
 * With the wall clock it also watches that this process runs at all: a process that was stopped, or a machine that slept, reads late
 * what came meanwhile, and that time is named by a gap. A replay gateway waits for a slow reader, and publishes its own time.
 */

import type { GapLedger } from '../gaps/ledger.ts'
import type { Events } from '../telemetry/events/index.ts'
import { type CollectorClock, createSleepMeter, type GatewayClock } from './clock.ts'
import type { Recorder } from './recorder.ts'

export interface SessionsOptions {
  clock: CollectorClock | GatewayClock
  recorder: Recorder
  ledger: GapLedger
  events: Events
  /** The first session has begun, in the same turn. */
  onBegun: () => void
  /** A session has followed another one, whose time lies by so much ahead of what the old one would show. */
  onShifted?: (byUs: number) => void
  /** A session could not be ended: the journal is in a state that must not be. */
  onBroken: (error: unknown) => void
  /** For how long the machine has slept so far; the machine's own figure when absent. */
  sleptMs?: () => number
}

/** A published time is in microseconds; the answer to a request for the time is in seconds. */
const FIRST_MICROSECOND_TIME = 1e14
/** The year 2100. A time that is no market's would make a tape that cannot be read. */
const FIRST_ABSURD_TIME_US = Date.UTC(2100, 0) * 1000
/** A difference of the system's clock from the anchored one that begins a new session. */
const MAX_DRIFT_MS = 100
const WATCH_MS = 1000
/** Later than this, a check of the clock says that the process did not run. */
const PAUSE_MS = 3000

export class Sessions {
  readonly #options: SessionsOptions
  readonly #sleptMs: () => number
  #watch: NodeJS.Timeout | undefined
  #checkedMs = 0
  #checkedSleepMs = 0
  #absurdTimeLogged = false

  constructor(options: SessionsOptions) {
    this.#options = options
    this.#sleptMs = options.sleptMs ?? createSleepMeter()
  }

  /** Begins recording at once, where the time is known: with the wall clock. */
  start(): void {
    if (this.#options.clock.known) this.#begin()
  }

  /** Whether a message with the time is one that a replay gateway published, not the answer to a request. */
  isPublished(time: number): boolean {
    return time >= FIRST_MICROSECOND_TIME
  }

  /** Takes a message with the gateway's time. */
  takeTime(time: number): void {
    if (!this.isPublished(time)) this.#takeAnswer()
    else if ('publish' in this.#options.clock) this.#takePublished(this.#options.clock, time)
  }

  /** Names what is open, ends the session and waits until it is durable. */
  async end(cause: string): Promise<void> {
    const { recorder, ledger } = this.#options
    clearInterval(this.#watch)
    ledger.end(recorder.nowUs)
    await recorder.end(cause)
  }

  /** Begins a new session when the system's clock has moved. */
  #followClock(): void {
    const driftMs = this.#options.clock.driftMs()
    if (Math.abs(driftMs) <= MAX_DRIFT_MS) return
    this.#options.events.clockStepped({ driftMs })
    this.#rotate('clock-step')
  }

  #begin(): void {
    const { recorder, ledger, events, clock, onBegun } = this.#options
    recorder.begin()
    ledger.sessionBegan()
    events.sessionBegun({ sessionId: recorder.sessionId, cause: 'start' })
    if (!('publish' in clock)) {
      this.#noteCheck()
      this.#watch = setInterval(() => this.#check(), WATCH_MS)
    }
    onBegun()
  }

  #rotate(cause: string): void {
    const { recorder, ledger, events, onBroken, onShifted } = this.#options
    ledger.nextSession(() => {
      recorder.end(cause, { keepLines: true }).catch(onBroken)
      const byUs = recorder.begin()
      onShifted?.(byUs)
    })
    events.sessionBegun({ sessionId: recorder.sessionId, cause })
  }

  #takePublished(clock: GatewayClock, tsUs: number): void {
    const { recorder, ledger, events } = this.#options
    if (!Number.isSafeInteger(tsUs) || tsUs >= FIRST_ABSURD_TIME_US) {
      if (!this.#absurdTimeLogged) events.absurdTime({ time: tsUs })
      this.#absurdTimeLogged = true
      return
    }
    const isFirst = !clock.known
    const isForward = clock.publish(tsUs)
    if (isFirst) this.#begin()
    else if (!isForward) this.#rotate('gateway-time-went-back')
    // As good as an answer, and too frequent to be written.
    recorder.proved(recorder.nowUs)
    ledger.settle(recorder.lastProofUs)
  }

  #takeAnswer(): void {
    const { recorder, ledger } = this.#options
    if (!recorder.recording) return
    recorder.alive()
    ledger.settle(recorder.lastProofUs)
    this.#followClock()
  }

  #noteCheck(): void {
    this.#checkedMs = performance.now()
    this.#checkedSleepMs = this.#sleptMs()
  }

  #check(): void {
    const { clock, recorder, ledger, events } = this.#options
    const fromTsUs = clock.usAt(this.#checkedMs)
    const sleptMs = Math.max(0, this.#sleptMs() - this.#checkedSleepMs)
    const pausedMs = performance.now() - this.#checkedMs - WATCH_MS + sleptMs
    this.#noteCheck()
    this.#followClock()
    if (pausedMs < PAUSE_MS) return
    const machineSlept = sleptMs >= PAUSE_MS
    events.processPaused({ pausedMs, machineSlept })
    ledger.name({ fromTsUs, toTsUs: recorder.nowUs, cause: machineSlept ? 'machine-slept' : 'process-paused' })
  }
}
