/**
 * Which values of a line are its first ones: IB answers a request with what stands, whatever its age, and only then with what happens.
 *
 * The first value of a tick type is state when it comes within 11 s of the line's first word (the gateway's acceptance, or data): for so
 * long IB itself waits for the values of a snapshot. Without that limit the first trade of the day of an option that nobody traded for
 * hours would be taken for an old one. A last trade whose own time lies well before the first word is state however late it comes.
 *
 * A gateway that publishes its time says it exactly: first values are those of the moment at which it accepts the line, and it names the
 * type of the line's data once more, unchanged, ahead of values that the tape it plays has as first ones.
 */

/** How long first values may take, in market time. */
const FIRST_VALUES_US = 11_000_000
/** How far a trade may trail its own time. */
const TRAIL_US = 10_000_000

export class FirstValues {
  readonly #isEndMarked: boolean
  #firstUs = Number.NaN
  /** Tick types that had a value: those below 32, the next 32, and the rest. */
  #low = 0
  #high = 0
  #others: Set<number> | undefined

  /** `isEndMarked`: the gateway publishes its time. */
  constructor({ isEndMarked }: { isEndMarked: boolean }) {
    this.#isEndMarked = isEndMarked
  }

  get hasBegun(): boolean {
    return !Number.isNaN(this.#firstUs)
  }

  /** The line's first word; later ones change nothing. */
  begin(us: number): void {
    if (!this.hasBegun) this.#firstUs = us
  }

  /** The values that follow are first ones again. */
  again(us: number): void {
    this.#firstUs = us
    this.#low = 0
    this.#high = 0
    this.#others = undefined
  }

  /** True when the tick type had a value. */
  has(tickType: number): boolean {
    if (tickType < 32) return (this.#low & (1 << tickType)) !== 0
    if (tickType < 64) return (this.#high & (1 << (tickType - 32))) !== 0
    return this.#others?.has(tickType) === true
  }

  /** Notes that the tick type has a value. */
  note(tickType: number): void {
    if (tickType < 32) this.#low |= 1 << tickType
    else if (tickType < 64) this.#high |= 1 << (tickType - 32)
    else (this.#others ??= new Set()).add(tickType)
  }

  /** True when a first value that comes now is state. */
  isState(us: number): boolean {
    return us - this.#firstUs <= (this.#isEndMarked ? 0 : FIRST_VALUES_US)
  }

  isBefore(eventTsUs: number | undefined): boolean {
    return eventTsUs !== undefined && eventTsUs < this.#firstUs
  }

  isLongBefore(eventTsUs: number | undefined): boolean {
    return eventTsUs !== undefined && eventTsUs < this.#firstUs - TRAIL_US
  }
}
