/** What holding each chain until its expiry costs, computed once and kept until an input or the day changes. */

import { continuousCost, discountRange, lateLoss, presentValueOfPayments, rateFor } from '../option/carry.ts'
import { neverExercisedFrom } from '../option/early-exercise.ts'
import { type CarryState, SETTINGS } from '../state/carry-state.ts'
import type { Chain } from '../state/chain.ts'
import type { ChainState } from '../state/chain-state.ts'
import { addDays, daysBetween, isDate } from '../time.ts'
import type { ChainTerms } from './detector.ts'
import type { CarryUsed } from './opportunity.ts'
import { NIGHTS } from './statement.ts'

/** Of interest over a few nights where no rate is known, so that a bound which needs none otherwise is sure at any lower rate. */
const HIGH_RATE = 0.1

/** Of an expiry that is no date: every comparison with it is false. */
const UNUSABLE: Readonly<ChainTerms> = {
  days: Number.NaN,
  discount: Number.NaN,
  isRateKnown: false,
  discountRange: { least: Number.NaN, most: Number.NaN, rise: Number.NaN },
  lateLoss: Number.NaN,
  dividends: Number.NaN,
  dividendsBehind: Number.NaN,
  neverExercisedFrom: Number.NaN,
  areDividendsKnown: false,
  areDividendsPromised: false,
  dividendYield: Number.NaN,
  borrow: Number.NaN,
  isBorrowKnown: false,
}

export class Terms {
  readonly #carry: CarryState
  readonly #chains: ChainState
  /** By the slot of a chain. */
  readonly #known: (ChainTerms | undefined)[] = []
  #version = -1
  #today = ''

  constructor(carry: CarryState, chains: ChainState) {
    this.#carry = carry
    this.#chains = chains
  }

  of(chain: Chain): ChainTerms {
    const { version } = this.#carry
    const { today } = this.#chains
    if (version !== this.#version || today !== this.#today) {
      this.#known.length = 0
      this.#version = version
      this.#today = today
    }
    return (this.#known[chain.slot] ??= this.#make(chain))
  }

  /** What a package over these chains was computed with. */
  used(first: Chain, last: Chain): CarryUsed {
    const { days: firstDays } = this.of(first)
    const terms = this.of(last)
    const { instrument = NO_INSTRUMENT, currency } = last.underlying
    const rates = this.#carry.rates(currency)
    return {
      days: firstDays,
      lastDays: terms.days,
      rate: rates && rateFor(rates.points, terms.days),
      rateSource: rates?.source,
      dividends: terms.areDividendsKnown ? terms.dividends : undefined,
      dividendSource: this.#carry.dividendSource(instrument, this.#today),
      dividendYield: terms.dividendYield,
      borrow: terms.isBorrowKnown ? terms.borrow : undefined,
    }
  }

  #make({ underlying, expiry }: Chain): ChainTerms {
    const { instrument = NO_INSTRUMENT, currency } = underlying
    if (!isDate(expiry) || !isDate(this.#today)) return UNUSABLE
    const today = this.#today
    const carry = this.#carry.of(instrument, currency, today, expiry)
    const rates = this.#carry.rates(currency)
    const points = rates?.points ?? []
    const payments = this.#carry.payments(instrument, today)
    const dividends = payments.map(({ exDate, amount }) => ({ days: daysBetween(today, exDate), amount }))
    const range = discountRange(points, carry.days)
    return {
      ...carry,
      isRateKnown: rates !== undefined,
      discountRange: range,
      lateLoss: rates ? lateLoss(points, carry.days, NIGHTS) : continuousCost(1, HIGH_RATE, Math.min(NIGHTS, carry.days)),
      dividendsBehind: presentValueOfPayments(payments, points, today, addDays(expiry, NIGHTS)) - carry.dividends,
      neverExercisedFrom:
        carry.dividendYield > 0 || range.rise > 0 ? Number.POSITIVE_INFINITY : neverExercisedFrom(dividends, points, carry.days),
      areDividendsKnown: this.#carry.areDividendsKnown(instrument, today, expiry),
      areDividendsPromised: this.#carry.dividendSource(instrument, today) === SETTINGS,
      isBorrowKnown: this.#carry.borrow(instrument) !== undefined,
    }
  }
}

/** Of an underlying that no record named. */
const NO_INSTRUMENT = -1
