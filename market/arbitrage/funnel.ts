/** Why candidates came to nothing: counted by reason, in the order in which the gates stand. */

/** What a gate refuses for. */
export const REFUSALS = [
  /** There is an edge at zero rates and no dividends, and none with what money, holding and borrowing cost. */
  'carry',
  /** The options deliver something else than shares of the underlying, as after a split or a merger. */
  'adjusted-deliverable',
  /** The legs settle at different times or prices, or off another price than the underlying's. */
  'settlement-mismatch',
  /** Nobody can trade the underlying itself: an index. */
  'underlying-not-executable',
  /** A leg does not trade at this time: options stand still while their underlying is traded on in the evening. */
  'market-closed',
  /** The line of a leg was closed, its data is delayed, frozen, late or past the limits of the day, or the underlying is halted, or a leg is older than the preset takes. */
  'stale-leg',
  /** A rule found more than a matter of note on the quote of a leg. */
  'flagged-leg',
  /** The bid of a leg stands above its ask. */
  'crossed-leg',
  /** Nothing stands at the price of a leg, or less than one package. Nothing does at a price of 0. */
  'size',
  /** Outside of the preset's days to expiry. */
  'days',
  /** Outside of the preset's range of strikes. */
  'strike',
  /** The quote of a leg is wider than the preset takes. */
  'spread',
  /** Fewer contracts of a leg were traded today than the preset asks for. */
  'volume',
  /** A rate, dividends or a borrow fee that the statement rests on is not known, and the settings assume none. */
  'missing-carry',
  /** Only expected, and the preset takes guaranteed ones alone. */
  'not-guaranteed',
  /** The package costs more than the preset allows. */
  'cost',
  /** Nothing is left after fees. */
  'fees',
  /** Less is left than the preset asks for. */
  'below-threshold',
] as const

export type Refusal = (typeof REFUSALS)[number]

/** Of one run over a stream. */
export class Funnel {
  /** Sampled quotes of options and underlyings that detectors looked at. */
  quotes = 0
  /** Relations that were looked at and had an edge at zero carry, before any gate. */
  candidates = 0
  /** Episodes. */
  opened = 0
  /** By detector, as long as `REFUSALS`. */
  readonly #refused = new Map<string, number[]>()

  refuse(detector: string, reason: Refusal, times = 1): void {
    let counts = this.#refused.get(detector)
    if (counts === undefined) {
      counts = REFUSALS.map(() => 0)
      this.#refused.set(detector, counts)
    }
    const at = REFUSALS.indexOf(reason)
    counts[at] = (counts[at] as number) + times
  }

  /** How many candidates of a detector, or of all, were refused for a reason. */
  refused(reason: Refusal, detector?: string): number {
    const at = REFUSALS.indexOf(reason)
    let sum = 0
    for (const [name, counts] of this.#refused) if (detector === undefined || name === detector) sum += counts[at] as number
    return sum
  }

  get detectors(): Iterable<string> {
    return this.#refused.keys()
  }
}
