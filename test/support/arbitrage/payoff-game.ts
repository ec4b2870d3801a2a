/**
 * What a package of trades brings at the worst, by brute force: a game against everybody else. The stock may jump to any price between two
 * days; who holds what we have sold exercises when it hurts us most, on any day that matters; we exercise what we have bought as it suits us
 * best, days after what it answers. Stock that exercise leaves us with is kept until the last option is settled, and pays, or owes, its dividends on the way.
 *
 * Knows nothing of detectors and their formulas: it looks at the payoffs of the contracts alone. All per share of the underlying.
 */

import type { Right } from '../../../market/contract.ts'

export interface GameLeg {
  side: 'buy' | 'sell'
  ratio: number
  price: number
  /** Absent: the underlying itself. */
  option?: { right: Right; strike: number; days: number; isAmerican: boolean; isCashSettled: boolean }
}

export interface GameTerms {
  /** What 1 on a day is worth now. */
  discount: (day: number) => number
  /** Days on which the rate may turn: the points of the curve. */
  turns: readonly number[]
  payments: readonly { day: number; amount: number }[]
  /** Annual fractions of today's spot: what the stock yields beside its payments, and what borrowing it costs. */
  yield: number
  borrow: number
  spot: number
}

type Fate = 'alive' | 'exercised' | 'gone'
type GameOption = NonNullable<GameLeg['option']> & { units: number }

/** A strike that is to answer an assignment comes so many days after it at the latest: from a Friday over a holiday. */
const LATE_DAYS = 4
/** Far above every strike. */
const FAR = 1000

/** Present value of the worst outcome, what is paid on entering included, before fees. */
export function worstOutcome(legs: readonly GameLeg[], terms: GameTerms): number {
  return new Game(legs, terms).play()
}

class Game {
  readonly #terms: GameTerms
  readonly #options: GameOption[]
  readonly #bought: readonly GameOption[]
  readonly #sold: readonly GameOption[]
  readonly #stock: number
  readonly #entry: number
  readonly #days: number[]
  readonly #prices: number[]
  readonly #known = new Map<string, number>()

  constructor(legs: readonly GameLeg[], terms: GameTerms) {
    this.#terms = terms
    const unitsOf = ({ side, ratio }: GameLeg) => (side === 'buy' ? ratio : -ratio)
    // One contract of several may be assigned alone.
    this.#options = legs.flatMap((leg) => {
      if (leg.option === undefined) return []
      const units = unitsOf(leg)
      const parts = Math.abs(units) > 1 ? [Math.sign(units), units - Math.sign(units)] : [units]
      return parts.map((units) => ({ ...(leg.option as NonNullable<GameLeg['option']>), units }))
    })
    this.#bought = this.#options.filter(({ units }) => units > 0)
    this.#sold = this.#options.filter(({ units }) => units < 0)
    this.#stock = legs.reduce((sum, leg) => sum + (leg.option === undefined ? unitsOf(leg) : 0), 0)
    this.#entry = legs.reduce((sum, leg) => sum - unitsOf(leg) * leg.price, 0)
    this.#days = this.#daysOf()
    this.#prices = this.#pricesOf()
  }

  play(): number {
    const fates = this.#options.map((): Fate => 'alive')
    // The first move is made at the price that stands; nothing is settled in stock at any other.
    return this.#entry + this.#move(0, this.#terms.spot, fates)
  }

  /** Today, settlements, the evening before each payment and its day, and the days on which rates turn. */
  #daysOf(): number[] {
    const last = Math.max(0, ...this.#options.map(({ days }) => days))
    const ofPayments = this.#terms.payments.flatMap(({ day }) => (day > 0 ? [day - 1, day] : []))
    const all = [0, ...this.#options.map(({ days }) => days), ...ofPayments, ...this.#terms.turns]
    return [...new Set(all.filter((day) => day >= 0 && day <= last))].sort((a, b) => a - b)
  }

  /** The outcome is a straight line between two strikes, so its least values lie at them, at 0 and far out; the rest makes sure of it. */
  #pricesOf(): number[] {
    const strikes = [...new Set(this.#options.map(({ strike }) => strike))].sort((a, b) => a - b)
    const between = strikes.slice(1).map((strike, i) => (strike + (strikes[i] as number)) / 2)
    const highest = Math.max(this.#terms.spot, ...strikes)
    return [0, ...strikes, ...between, this.#terms.spot, highest * 1.5, highest * FAR]
  }

  /** The worst over all prices on a day. */
  #worst(at: number, fates: readonly Fate[]): number {
    const key = `${at} ${fates.join()}`
    let worst = this.#known.get(key)
    if (worst === undefined) {
      worst = Math.min(...this.#prices.map((price) => this.#move(at, price, fates)))
      this.#known.set(key, worst)
    }
    return worst
  }

  /**
   * The evening of a day. Assignment is learned overnight: we answer it the same day as far as nothing happens before the next, and too
   * late when the stock trades without its payment by then. The money of an answer comes late in any case. What expires is exercised by the price of that evening on both sides.
   */
  #move(at: number, price: number, fates: readonly Fate[]): number {
    const isEve = this.#terms.payments.some(({ day }) => day === (this.#days[at] as number) + 1)
    type Then = (fates: readonly Fate[]) => number
    const outcomes = (from: readonly Fate[], whose: readonly GameOption[], then: Then, isAnswer = false) =>
      this.#choices(at, from, whose).map((chosen) => this.#flow(at, price, from, chosen, isAnswer) + then(chosen))
    const theirs = (from: readonly Fate[], then: Then) => Math.min(...outcomes(from, this.#sold, then))
    const ours = (from: readonly Fate[], whose: readonly GameOption[], then: Then) =>
      Math.max(...outcomes(from, whose, then, from !== fates))
    const goOn = (fates: readonly Fate[]) => this.#goOn(at, price, this.#settled(at, fates))
    if (!isEve) return theirs(fates, (next) => ours(next, this.#bought, goOn))
    const expiring = this.#bought.filter(({ days }) => days === this.#days[at])
    const going = this.#bought.filter(({ days }) => days !== this.#days[at])
    return ours(fates, going, (next) => theirs(next, (last) => ours(last, expiring, goOn)))
  }

  /** Every choice among options of one side that are exercised now, none of them included. */
  #choices(at: number, fates: readonly Fate[], whose: readonly GameOption[]): (readonly Fate[])[] {
    let choices: (readonly Fate[])[] = [fates]
    for (const [i, option] of this.#options.entries()) {
      const isFree = fates[i] === 'alive' && whose.includes(option) && (option.isAmerican || option.days === this.#days[at])
      if (isFree) choices = choices.flatMap((chosen) => [chosen, chosen.with(i, 'exercised')])
    }
    return choices
  }

  /** What exercise pays, in money of today. Of answers, puts are paid late, at their expiry at the latest. */
  #flow(at: number, price: number, before: readonly Fate[], after: readonly Fate[], isAnswer: boolean): number {
    const { discount } = this.#terms
    const day = this.#days[at] as number
    let sum = 0
    for (const [i, { units, right, strike, days, isCashSettled }] of this.#options.entries()) {
      if (before[i] === after[i]) continue
      const sign = right === 'C' ? 1 : -1
      const isLate = isAnswer && right === 'P' && !isCashSettled
      const paid = isLate ? Math.min(discount(day), discount(Math.min(day + LATE_DAYS, days))) : discount(day)
      sum += units * sign * ((isCashSettled ? price : 0) - strike) * paid
    }
    return sum
  }

  /** What was not exercised on its last day is worth nothing. */
  #settled(at: number, fates: readonly Fate[]): readonly Fate[] {
    return fates.map((fate, i) => (fate === 'alive' && this.#options[i]?.days === this.#days[at] ? 'gone' : fate))
  }

  /** To the next day, or to the end, when stock that is left is sold or bought back. */
  #goOn(at: number, price: number, fates: readonly Fate[]): number {
    const { discount, payments, borrow, spot } = this.#terms
    const day = this.#days[at] as number
    const next = this.#days[at + 1]
    let stock = this.#stock
    for (const [i, { units, right, isCashSettled }] of this.#options.entries())
      if (fates[i] === 'exercised' && !isCashSettled) stock += right === 'C' ? units : -units
    if (next === undefined) return stock * price * discount(day)
    const paid = payments.reduce((sum, one) => sum + (one.day > day && one.day <= next ? one.amount * discount(one.day) : 0), 0)
    const costOver = (rate: number) => spot * (Math.exp((-rate * day) / 365) - Math.exp((-rate * next) / 365))
    // Yield and fee are both taken of the same shares, which become fewer by them.
    const rate = stock < 0 ? this.#terms.yield + borrow : this.#terms.yield
    return stock * (paid + costOver(rate)) + this.#worst(at + 1, fates)
  }
}
