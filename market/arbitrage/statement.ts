/**
 * What the statements of detectors are made of: trades at the prices that stand, what a statement rests on, and what early exercise can do
 * to it.
 *
 * Who can force what. The holder of a short American option may exercise it on any day; the assignment is known the next morning, as a
 * position in the underlying that dates from the evening before. Whoever holds an American option of the same right can answer by exercising it, a day
 * later:
 * - A short call, assigned: the underlying was sold at the strike. The answer buys it back. The day between costs a dividend whose ex-date
 *   it is, and that is the day on which calls are exercised (Hull, Options, Futures, and Other Derivatives, ch. 11.7).
 * - A short put, assigned: the underlying was bought at the strike. The answer sells it, at a strike that comes in up to `NIGHTS` later and loses
 *   the interest until then: 0.17 for 420 at 5 % over a weekend. A dividend of the day between is received.
 * - Options that exercise turns into cash (OEX) pay the close of that day, and the answer pays the next one: nothing is held together.
 *
 * European options settle once, together, at the same price: what their payoffs add up to is certain.
 */

import { indexClassOf } from '../indices.ts'
import { isStyleKnown } from '../option/bounds.ts'
import { continuousCost } from '../option/carry.ts'
import type { Chain, ChainSide } from '../state/chain.ts'
import type { UnderlyingBook } from '../state/underlying-book.ts'
import type { ChainTerms } from './detector.ts'
import type { Assumption, Candidate, Trade } from './opportunity.ts'

const DAYS_PER_YEAR = 365
/** Until exercise that answers an assignment counts, at the most: from a Friday over a holiday. */
export const NIGHTS = 4

export function buy(side: ChainSide, at: number, ratio = 1): Trade {
  return { instrument: side.instruments[at] as number, side: 'buy', ratio, price: side.askPrices[at] as number }
}

export function sell(side: ChainSide, at: number, ratio = 1): Trade {
  return { instrument: side.instruments[at] as number, side: 'sell', ratio, price: side.bidPrices[at] as number }
}

/** One share for each that the options of a package deliver. Its number is known where it has a price. */
export function buyUnderlying({ instrument, askPrice }: UnderlyingBook): Trade {
  return { instrument: instrument as number, side: 'buy', ratio: 1, price: askPrice }
}

export function sellUnderlying({ instrument, bidPrice }: UnderlyingBook): Trade {
  return { instrument: instrument as number, side: 'sell', ratio: 1, price: bidPrice }
}

export interface Statement {
  detector: string
  trades: readonly Trade[]
  /** Of the options, and of those that expire last when they differ. */
  chain: Chain
  lastChain?: Chain
  worth: number
  /** Of an expected one; undefined where all that is put up may be lost, as it is taken to be where an input is unknown. */
  worst?: number | undefined
  /** None: the statement is guaranteed. */
  assumptions: readonly Assumption[]
  /** What has to be put up when that is not what is paid. */
  margin?: number
  impliedRate?: number | undefined
}

/** The candidate that a statement is, with what it costs and ties up. */
export function candidateOf({ chain, lastChain = chain, worth, worst, margin, impliedRate, ...statement }: Statement): Candidate {
  const { detector, trades, assumptions } = statement
  let cost = 0
  let bought = 0
  for (const { side, ratio, price } of trades) {
    cost += side === 'buy' ? ratio * price : -ratio * price
    if (side === 'buy') bought += ratio * price
  }
  return {
    detector,
    trades,
    expiry: chain.expiry,
    lastExpiry: lastChain.expiry,
    worth,
    cost,
    certainty: assumptions.length === 0 ? 'guaranteed' : 'expected',
    assumptions,
    // What brings money still has to be bought before the rest of it is sold.
    capital: margin ?? (cost > 0 ? cost : bought),
    // What was computed without an input bounds nothing.
    worst: assumptions.length === 0 || assumptions.some((assumption) => assumption.endsWith('-unknown')) ? undefined : worst,
    impliedRate,
  }
}

/** What a statement that holds for American options alone rests on. Other bounds of theirs hold for European ones as well. */
export function earlyExercise({ style, tradingClass, underlying: { currency } }: Chain): readonly Assumption[] {
  return style === 'european' || isStyleKnown({ tradingClass, currency }) ? [] : ['style-unknown']
}

/** True for American options that exercise turns into cash, at a price that no answer gets. */
export function isExercisedIntoCash({ style, tradingClass, underlying }: Chain): boolean {
  return style === 'american' && (underlying.isIndex || indexClassOf(tradingClass)?.symbol === underlying.symbol)
}

/** True for index options of which each expiry settles at a price of its own (VIX): two expiries are no relation. */
export function isPricedOffFutures({ style, isPricedOffSpot }: Chain): boolean {
  return style === 'european' && !isPricedOffSpot
}

/** What a package with short American calls rests on, when the answer to their assignment comes a day late. Puts lose interest alone. */
export function callAssignment({ style }: Chain, { dividends, dividendYield, areDividendsKnown }: ChainTerms): readonly Assumption[] {
  if (style === 'european') return []
  if (!areDividendsKnown) return ['no-early-exercise', 'dividends-unknown']
  return dividends > 0 || dividendYield > 0 ? ['no-early-exercise'] : []
}

/** All that one share pays until the expiry of a chain, in today's money: payments, and a yield on the present price, or on `instead` where there is none. */
export function dividendsOf({ underlying }: Chain, { dividends, dividendYield, days }: ChainTerms, instead: number): number {
  return dividends + (dividendYield === 0 ? 0 : continuousCost(spotOf(underlying, instead), dividendYield, days))
}

/** What a package with a short call rests on, when the dividends that its shares bring are counted and nobody has promised them. */
export function dividendsExpected({ style }: Chain): Assumption[] {
  return style === 'american' ? ['no-early-exercise', 'dividends-as-expected'] : ['dividends-as-expected']
}

/** What the answer to an assigned put loses at the most, as the strike that it brings comes late. Nothing where all is settled together. */
export function latePutCost({ style }: Chain, { lateLoss }: ChainTerms, strikeReceived: number): number {
  return style === 'american' ? strikeReceived * lateLoss : 0
}

/**
 * What an answer that comes too late costs at the worst for each call: all dividends, the borrow fee over a long weekend, and what
 * the strike loses meanwhile where a rate is negative.
 */
export function lateAnswerCost(chain: Chain, terms: ChainTerms, strike: number): number {
  const { borrow, discountRange } = terms
  const fee = borrow === 0 ? 0 : continuousCost(spotOf(chain.underlying, strike), borrow, NIGHTS)
  return dividendsOf(chain, terms, strike) + fee + strike * discountRange.rise
}

/** What it costs to borrow one share until the expiry of a chain. */
export function borrowCost({ underlying }: Chain, { borrow, days }: ChainTerms, instead: number): number {
  return borrow === 0 ? 0 : continuousCost(spotOf(underlying, instead), borrow, days)
}

function spotOf({ middle }: UnderlyingBook, instead: number): number {
  return Number.isNaN(middle) ? instead : middle
}

/** The continuously compounded annual rate at which `paid` today grows to `back` at expiry. Undefined on the last day, and where nothing is paid. */
export function impliedRate(paid: number, back: number, days: number): number | undefined {
  return days > 0 && paid > 0 ? (Math.log(back / paid) * DAYS_PER_YEAR) / days : undefined
}
