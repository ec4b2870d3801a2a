/**
 * The shape of a detector: it knows one kind of relation between options, and between options and their underlying. It sees a chain and
 * which of its quotes has changed, looks at the relations that this quote is part of, and reports those that are in order to be assessed.
 * It keeps nothing, has no clock, and never looks at a number of an instrument but to hand it on.
 *
 * Buy at the ask, sell at the bid. NaN in a chain is the absence of a price, and every comparison with it is false: write conditions so that
 * a missing price breaks nothing (`edge > 0`, never `!(edge <= 0)`).
 *
 * An underlying's quote is part of all its chains, and an option's of some hundred relations: what goes over many of them is a bare loop over
 * the arrays of a chain, which counts what carry explains and calls a function for what is left.
 */

import type { DiscountRange } from '../option/carry.ts'
import type { Chain, Leg } from '../state/chain.ts'
import type { Candidate } from './opportunity.ts'
import type { Refusal } from './funnel.ts'

/** An edge below this is none: what is left of a sum of prices that cancel each other out. */
export const LEAST_EDGE = 1e-9

/** What holding a chain until its expiry costs, and what is known of it. The same object until an input or the day changes. */
export interface ChainTerms {
  days: number
  /** What 1 at expiry is worth today; 1 where no rate is known. */
  discount: number
  isRateKnown: boolean
  /** The same for 1 on any day until expiry, as early exercise pays it. */
  discountRange: DiscountRange
  /** What 1 loses when it comes as late as the answer to an assignment, in today's money; at a high rate where none is known. */
  lateLoss: number
  /** Present value per share of payments with an ex-date after today and up to the expiry. */
  dividends: number
  /** The same of payments whose ex-date follows the expiry so soon that an answer to the last assignments misses it. */
  dividendsBehind: number
  /**
   * From this strike on no holder of an American call gains by exercising it before its expiry: 0 where no dividend is to come, Infinity with
   * a yield, and while waiting costs interest.
   */
  neverExercisedFrom: number
  /** False: no record ever said what the underlying pays. */
  areDividendsKnown: boolean
  /** The settings name them. What a broker expects, or the next payment that was announced, leaves out what follows. */
  areDividendsPromised: boolean
  /** Annual fractions, continuously compounded. */
  dividendYield: number
  borrow: number
  isBorrowKnown: boolean
}

/** What a detector is given beside the quote. */
export interface Desk {
  terms(chain: Chain): ChainTerms
  /** Known strikes that a relation may span: what bounds the work for one quote. */
  readonly reach: number
  /** Further expiries on either side that a relation may reach. */
  readonly expiries: number
  /** An edge above 0 with the carry as it is known. */
  report(candidate: Candidate): void
  /** An edge above 0 that is none for a reason which the detector sees cheaper than the assessment, such as carry. */
  refuse(detector: string, reason: Refusal, times?: number): void
}

export interface Detector {
  /** kebab-case: what the settings, the funnel and the rows call it. */
  readonly name: string
  /** One sentence: what is traded against what. */
  readonly about: string
  /**
   * The quote of an option has changed; it stands in its chain. What is open is looked at again through this alone, so that it reports
   * whatever `onUnderlying` would report of this option.
   */
  onOption?(leg: Leg, desk: Desk): void
  /** The quote of the underlying has changed. Called for each of its chains. */
  onUnderlying?(chain: Chain, desk: Desk): void
}
