/**
 * How often a line usually has data, learned from the seconds in which it had some, and from that how long a silence of it may last. A
 * burst of many messages counts as little as one message in each of its seconds: an option that is quiet for minutes between two bursts
 * must not be taken for one that ticks ten times a second.
 *
 * Seconds in which no data is expected (the market is closed, trading is halted) teach nothing. The last half hour counts most: what is
 * older fades by half with every half hour.
 */

/** No line is dead before it was silent for so long. */
const SILENT_S = 15
/** Nor before it was silent for so many of its usual intervals. */
const INTERVALS = 20
const FADING_S = 1800
/** Seconds with data without which nothing is known of a line: its state, which comes first, may take two. */
const MIN_ACTIVE = 3
/** Of a line with fewer than that little is known: its patience is twice as long. */
const KNOWN_ACTIVE = 4
/** So long a line must have been watched before a quiet one can be told from a dead one ... */
const WATCHED_S = 300
/** ... unless it had data in nearly every second so far. */
const STEADY = 0.8
/** After a false alarm the next one takes so many times as long ... */
const PATIENCE = 4
const MOST_PATIENCE = 256
/** ... until the line had data in so many seconds more. */
const FORGIVEN = 60

export class Habit {
  #watched = 0
  /** Seconds with data, as they fade. */
  #active = 0
  /** How long it had been watched at its last data. */
  #watchedAtData = 0
  #patience = 1
  #activeSinceAlarm = 0

  /** A second in which data was expected has passed. */
  second(hadData: boolean): void {
    this.#watched++
    if (!hadData) return
    this.#active++
    this.#watchedAtData = this.#watched
    if (++this.#activeSinceAlarm >= FORGIVEN) this.#patience = 1
    if (this.#watched < FADING_S * 2) return
    this.#watched /= 2
    this.#active /= 2
    this.#watchedAtData /= 2
  }

  /** Seconds of silence that are not unusual; Infinity while too little is known of the line. */
  get patienceS(): number {
    if (this.#active < MIN_ACTIVE) return Number.POSITIVE_INFINITY
    const share = this.#active / this.#watchedAtData
    const isSteady = share >= STEADY
    if (this.#watchedAtData < WATCHED_S && !isSteady) return Number.POSITIVE_INFINITY
    // A line that has data in nearly every second has it more often than that.
    const usualS = isSteady ? 0 : 1 / share
    const doubt = this.#active < KNOWN_ACTIVE ? 2 : 1
    return Math.max(SILENT_S, INTERVALS * usualS) * this.#patience * doubt
  }

  /** The line was taken for dead. */
  alarmed(): void {
    this.#patience = Math.min(this.#patience * PATIENCE, MOST_PATIENCE)
    this.#activeSinceAlarm = 0
  }
}
