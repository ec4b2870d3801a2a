/**
 * Plays a tape against the clock: it owns tape time.
 *
 * States: standing (tape time is that of the first tick, until `start`), playing (time goes on with the wall, or at `max` speed
 * as fast as the audience takes it; while a client is behind it stands still), ended (all was played, or `stop` was called;
 * what waited for a sampling step was sent and the end published). Time never goes back. The tape is streamed, chunk by chunk.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'

import type { RecordSource } from '../../../market/record-source.ts'
import { isTick } from '../../../market/tick.ts'
import type { Sampler } from '../book/sampler.ts'

/** The clients, as the player sees them. */
export interface Audience {
  /** True while a client has not taken what it was sent: the tape waits, `TapePlayer.relieve` goes on. */
  readonly isBehind: boolean
  /** Hands buffered messages to the sockets. */
  flush(): void
  /** Sends every client the time of the tape, though there may be nothing else to send. */
  publishTime(tsUs: number): void
  publishEnd(tsUs: number): void
}

/** What else happens on the tape's clock. */
export interface Agenda {
  /** Tape time of what is next, Infinity when nothing is; what is overdue happens at once. */
  readonly dueUs: number
  /** Does what is due at `nowUs`, ahead of what the tape has there; `dueUs` is later from then on. */
  play(nowUs: number): void
}

export interface PlayerOptions {
  source: RecordSource
  /** Time of the first tick. */
  startUs: number
  /** Tape seconds per second of the wall. */
  speed: number | 'max'
  agenda?: Agenda | undefined
}

/** After so many records and steps, or messages, the sockets and the clients' requests have their turn. */
const TURN_EVENTS = 1000
const TURN_MESSAGES = 5000
/** At full speed the clock of a quiet line advances at least this often; otherwise once per second of the wall. */
const MAX_SPEED_HEARTBEAT_US = 60_000_000
const US_PER_MS = 1000
const US_PER_SECOND = 1_000_000
/** The longest delay of a timer; the wait is taken up again behind it. */
const LONGEST_TIMER_MS = 0x7fffffff

export class TapePlayer {
  readonly #source: RecordSource
  readonly #speed: number | 'max'
  readonly #sampler: Sampler
  readonly #audience: Audience
  readonly #agenda: Agenda | undefined
  readonly #heartbeatUs: number
  #state: 'standing' | 'playing' | 'ended' = 'standing'
  #isStopped = false
  #isCutShort = false
  /** Everything up to here has happened. */
  #reachedUs: number
  /** What is waited for; time does not pass it before it happens. */
  #targetUs: number
  #nextHeartbeatUs: number
  /** Wall and tape at one moment; undefined while tape time stands still. */
  #anchor: { ms: number; us: number } | undefined
  /** Up to here the wall allows to play without looking at it again. */
  #allowedUs = Number.NEGATIVE_INFINITY
  #turnEvents = 0
  #turnMessages = 0
  #wake: (() => void) | undefined

  constructor({ source, startUs, speed, agenda }: PlayerOptions, sampler: Sampler, audience: Audience) {
    this.#source = source
    this.#speed = speed
    this.#sampler = sampler
    this.#audience = audience
    this.#agenda = agenda
    this.#reachedUs = startUs
    this.#targetUs = startUs
    this.#heartbeatUs = speed === 'max' ? MAX_SPEED_HEARTBEAT_US : Math.ceil(speed * US_PER_SECOND)
    this.#nextHeartbeatUs = startUs + this.#heartbeatUs
  }

  get state(): 'standing' | 'playing' | 'ended' {
    return this.#state
  }

  /** Tape time, microseconds since 1970. */
  get nowUs(): number {
    return this.#anchor ? Math.max(this.#reachedUs, Math.min(this.#targetUs, Math.floor(this.#wallUs()))) : this.#reachedUs
  }

  /** Lets tape time go. Later calls change nothing. */
  start(): void {
    if (this.#state === 'standing') this.#state = 'playing'
    this.relieve()
  }

  /** True when `stop` ended the tape before its end. */
  get isCutShort(): boolean {
    return this.#isCutShort
  }

  /** Ends the tape where it stands; `run` returns soon after. */
  stop(): void {
    this.#isCutShort = this.#state !== 'ended'
    this.#isStopped = true
    this.relieve()
  }

  /** To be called when a client caught up or left, or when something came on the agenda. */
  relieve(): void {
    this.#wake?.()
  }

  /** Plays the tape to its end, or until `stop`. Rejects with a FeedError when it cannot be read. */
  async run(): Promise<void> {
    while (this.#state === 'standing' && !this.#isStopped) await this.#sleep()
    this.#state = 'playing'
    this.#goOn()
    await this.#playRecords()
    for (let dueUs = this.#sampler.dueUs; dueUs !== Number.POSITIVE_INFINITY; dueUs = this.#sampler.dueUs) {
      await this.#reach(dueUs)
      this.#reachedUs = Math.max(this.#reachedUs, dueUs)
      this.#sampler.flush(dueUs)
    }
    this.#standStill()
    this.#state = 'ended'
    this.#audience.publishEnd(this.#reachedUs)
    this.#audience.flush()
  }

  async #playRecords(): Promise<void> {
    for await (const { records } of this.#source.records()) {
      for (const record of records) {
        if (!isTick(record)) {
          this.#sampler.note(record)
          continue
        }
        const tsUs = Math.max(record.tsUs, this.#reachedUs)
        if (!this.#advance(tsUs)) await this.#reach(tsUs)
        if (this.#isStopped) return
        this.#sampler.play(record, tsUs)
      }
    }
  }

  /** Goes to `toUs` by way of the steps before it, waiting where needed. Returns early when the tape is stopped. */
  async #reach(toUs: number): Promise<void> {
    while (!this.#isStopped && !this.#advance(toUs)) await this.#pause()
  }

  /** As `reach`, without waiting: false when it is time to wait or to let others have their turn. */
  #advance(toUs: number): boolean {
    for (;;) {
      const stepUs = this.#sampler.dueUs
      const agendaUs = this.#agenda === undefined ? Number.POSITIVE_INFINITY : Math.max(this.#agenda.dueUs, this.#reachedUs)
      const nextUs = Math.min(stepUs, this.#nextHeartbeatUs, toUs, agendaUs)
      this.#targetUs = nextUs
      if (nextUs > this.#allowedUs || this.#isTurnOver() || this.#audience.isBehind) return false
      this.#reachedUs = nextUs
      if (nextUs === agendaUs) {
        this.#agenda?.play(nextUs)
        continue
      }
      if (nextUs === toUs) return true
      if (nextUs === this.#nextHeartbeatUs) {
        this.#audience.publishTime(nextUs)
        this.#nextHeartbeatUs += this.#heartbeatUs
      }
      if (nextUs === stepUs) this.#sampler.flush(nextUs)
    }
  }

  #isTurnOver(): boolean {
    return this.#turnEvents++ >= TURN_EVENTS || this.#sampler.totals.messagesServed - this.#turnMessages >= TURN_MESSAGES
  }

  async #pause(): Promise<void> {
    this.#turnEvents = 0
    this.#turnMessages = this.#sampler.totals.messagesServed
    this.#audience.flush()
    if (this.#audience.isBehind) {
      this.#standStill()
      while (this.#audience.isBehind && !this.#isStopped) await this.#sleep()
      this.#goOn()
      return
    }
    const waitMs = this.#lookAtWall()
    if (waitMs <= 0) {
      await nextTurn()
      return
    }
    await this.#sleep(Math.min(waitMs, LONGEST_TIMER_MS))
    this.#lookAtWall()
  }

  #standStill(): void {
    this.#reachedUs = this.nowUs
    this.#anchor = undefined
  }

  #goOn(): void {
    this.#allowedUs = this.#speed === 'max' ? Number.POSITIVE_INFINITY : this.#reachedUs
    if (this.#speed !== 'max') this.#anchor = { ms: performance.now(), us: this.#reachedUs }
  }

  /** Sets how far the wall allows to play. Returns how long the next event is away, at most 0 when it is due. */
  #lookAtWall(): number {
    if (this.#speed === 'max') return 0
    this.#allowedUs = this.#wallUs()
    return (this.#targetUs - this.#allowedUs) / (this.#speed * US_PER_MS)
  }

  /** Tape time by the wall alone. */
  #wallUs(): number {
    if (!this.#anchor || this.#speed === 'max') return this.#reachedUs
    return this.#anchor.us + (performance.now() - this.#anchor.ms) * this.#speed * US_PER_MS
  }

  #sleep(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
