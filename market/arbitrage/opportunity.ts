/**
 * What a detector reports and what becomes of it: a package of trades at prices that stand now, what it is worth at the worst, and what is
 * left of that after fees. Prices and edges are per share of the underlying unless a name says otherwise; money is in the contract's currency.
 */

import type { Contract } from '../contract.ts'

/**
 * `guaranteed`: holds whatever the market and whoever is assigned do, given the carry inputs named beside it. `expected`: holds unless one of
 * the assumptions fails, such as that a short option is not exercised early.
 */
export type Certainty = 'guaranteed' | 'expected'

/** What an edge rests on beside the prices. */
export type Assumption =
  /** No short option is exercised before it suits us. */
  | 'no-early-exercise'
  /** Dividends are paid as announced or expected. */
  | 'dividends-as-expected'
  /** The underlying can be borrowed until expiry, at the fee known now or at none when none is known. */
  | 'borrow-stays'
  /** The rate between two expiries is what today's curve implies. */
  | 'forward-rate'
  /** The options are taken for American, as stock options of the United States are, and may be European. */
  | 'style-unknown'
  /** No rate is known: 0 was taken. */
  | 'rate-unknown'
  /** No dividends are known: none were taken. */
  | 'dividends-unknown'
  /** No borrow fee is known: 0 was taken. */
  | 'borrow-unknown'

/** One trade of a package, at the price that stands on that side of the book. */
export interface Trade {
  /** Number on the tape. */
  instrument: number
  side: 'buy' | 'sell'
  /** Contracts per package; of the underlying: multiples of the options' multiplier. Whole, above 0. */
  ratio: number
  /** The ask for a buy, the bid for a sale. */
  price: number
}

/** A package that is worth more at the worst than it costs, before fees. Made by a detector. */
export interface Candidate {
  detector: string
  /** In an order that is the same for the same relation: it is part of an episode's identity. */
  trades: readonly Trade[]
  /** `YYYY-MM-DD`, of the options that expire first, and of those that expire last. */
  expiry: string
  lastExpiry: string
  /** What the package is worth today at the worst, per share. */
  worth: number
  /** What it costs to enter, per share; negative: it brings that. */
  cost: number
  certainty: Certainty
  assumptions: readonly Assumption[]
  /** What has to be paid or put up, per share. Above 0. */
  capital: number
  /** Calendar days until it is turned into money, when that is not the last expiry. At least 1. */
  days?: number | undefined
  /** Of an expected one: what the package is worth today when every assumption fails, per share. Absent: all that was put up may be lost. */
  worst?: number | undefined
  /** Continuously compounded annual rate at which the package lends or borrows money, before fees; of boxes and the like. */
  impliedRate?: number | undefined
}

/** The inputs that an edge was computed with, and where they come from. */
export interface CarryUsed {
  /** Calendar days to the first expiry and to the last one, by the tape's clock. */
  days: number
  lastDays: number
  /** Continuously compounded annual fraction for the last expiry; undefined: none known. */
  rate: number | undefined
  rateSource: string | undefined
  /** Present value per share of the payments until the last expiry; undefined: none known. */
  dividends: number | undefined
  dividendSource: string | undefined
  dividendYield: number
  /** Annual fraction; undefined: none known. */
  borrow: number | undefined
}

/** One trade with what stood behind it. */
export interface Leg extends Trade {
  contract: Contract
  /** Contracts, or shares of the underlying, that stand at that price. */
  size: number
  /** Since the last change of its quote. */
  ageMs: number
  /** Commission of its order at the executable size, in money. */
  fee: number
}

/** A candidate with size, fees and return: what an episode is made of. */
export interface Assessment {
  detector: string
  certainty: Certainty
  assumptions: readonly Assumption[]
  legs: readonly Leg[]
  underlying: { symbol: string; currency: string }
  expiry: string
  lastExpiry: string
  multiplier: number
  /** Packages that can be had at these prices: the smallest leg. Whole, above 0. */
  size: number
  /** Before fees. */
  grossEdgePerShare: number
  /** After all fees, at `size`. */
  edgePerShare: number
  /** `edgePerShare` times the multiplier: per package. */
  edgePerContract: number
  /** `edgePerContract` times `size`. */
  profit: number
  /** All fees at `size`. */
  fees: number
  /** Per package. */
  capital: number
  /** Of `edgePerContract` on `capital`, over the days until it is turned into money, which is the last expiry mostly, ACT/365: 0.05 is 5 % a year. */
  annualReturn: number
  /** The least that one package brings, fees paid, in today's money, when every assumption fails. Equal to `edgePerContract` when guaranteed. */
  worstCase: number
  /** Between the oldest and the newest leg. */
  skewMs: number
  carry: CarryUsed
  /** Continuously compounded annual rate at which the package lends (or borrows) money; of boxes and of the like, undefined elsewhere. */
  impliedRate?: number | undefined
}
