/**
 * Streams of quotes in which no arbitrage is, by construction, to hold detectors against. At every moment all standing quotes hold the values
 * of one risk-neutral process (lattice.ts) between bid and ask. When the market moves, each quote is first widened until it holds the values
 * of before and after, then the spot, the day or the carry changes, then quotes become narrow again: between any two records there is a
 * process that all of them agree with.
 *
 * A market is a session of its own, with its numbers of instruments shuffled. Equal seeds give equal markets.
 */

import type { Contract } from '../../../market/contract.ts'
import type { Quote, TapeRecord } from '../../../market/tick.ts'
import { seeded } from '../random.ts'
import { drawMarket, type MarketDraft, type MarketMoment, moveMarket } from './market-draft.ts'
import { daysFrom, discountOn } from './money.ts'
import { Lattice, type Moment } from './lattice.ts'

/** Quotes of an option between two moves of the market, the narrow one included. */
const MOST_REPEATS = 4

type Unstamped<T> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

export class FairMarket {
  readonly draft: MarketDraft
  readonly #random: () => number
  /** Position in the draft's options -> number on the tape; the underlying's is the last. */
  readonly #numbers: number[]
  #moment: MarketMoment
  #values: number[]
  #seq = 0
  #tsUs: number

  constructor(seed: number) {
    this.#random = seeded(seed)
    this.draft = drawMarket(this.#random)
    this.#moment = this.draft.first
    this.#values = this.#valuesOf(this.#moment)
    this.#numbers = shuffled(this.draft.options.length + 1, this.#random)
    this.#tsUs = tradingStartUs(this.#moment.today)
  }

  /** What the market stands at after the record that was given last. */
  get moment(): MarketMoment {
    return this.#moment
  }

  /** Of an option at that moment, per share of the underlying; NaN when it has expired. */
  valueOf(option: number): number {
    return this.#values[option] as number
  }

  numberOf(option: number): number {
    return this.#numbers[option] as number
  }

  get underlying(): number {
    return this.#numbers.at(-1) as number
  }

  /** By the numbers on the tape. */
  contracts(): Contract[] {
    const contracts: Contract[] = []
    for (const [i, { contract }] of this.draft.options.entries()) contracts[this.numberOf(i)] = contract
    contracts[this.underlying] = this.draft.underlying
    return contracts
  }

  /** Ends after so many moves of the market. */
  *records(moves: number): Generator<TapeRecord> {
    yield this.#stamped({ kind: 'session', event: 'started' })
    for (const [instrument, contract] of this.contracts().entries()) yield this.#stamped({ kind: 'contract', instrument, contract })
    yield* this.#carryRecords()
    yield* this.#narrow()
    for (let move = 0; move < moves; move++) {
      const before = { moment: this.#moment, values: this.#values }
      const after = moveMarket(before.moment, this.draft, this.#random)
      const values = this.#valuesOf(after)
      yield* this.#widen(before.values, values, before.moment.spot, after.spot)
      this.#moment = after
      this.#values = values
      this.#tsUs = Math.max(this.#tsUs, tradingStartUs(after.today))
      yield* this.#carryRecords()
      yield* this.#narrow()
    }
    yield this.#stamped({ kind: 'session', event: 'ended' })
  }

  *#carryRecords(): Generator<TapeRecord> {
    const { today, curve, payments, yield: dividendYield, borrow } = this.#moment
    const { knows } = this.draft
    const common = { kind: 'carry', asOf: today, source: 'settings' } as const
    if (knows.rates) yield this.#stamped({ ...common, input: 'rates', currency: this.draft.underlying.currency, points: curve })
    if (knows.dividends) {
      const named = payments.map(({ exDate, amount }) => ({ exDate, amount }))
      const yielded = dividendYield === 0 ? {} : { yield: dividendYield }
      yield this.#stamped({ ...common, input: 'dividends', instrument: this.underlying, payments: named, ...yielded })
    }
    if (knows.borrow) yield this.#stamped({ ...common, input: 'borrow', instrument: this.underlying, rate: borrow })
  }

  /** Each quote around its value, some several times over. */
  *#narrow(): Generator<TapeRecord> {
    yield* this.#ofUnderlying(this.#moment.spot, this.#moment.spot)
    const turns = this.#alive().flatMap((option) => Array.from({ length: 1 + this.#whole(MOST_REPEATS) }, () => option))
    for (const option of reordered(turns, this.#random)) {
      const value = this.#values[option] as number
      yield this.#quoteOf(option, value, value)
      if (this.#random() < 0.02) yield* this.#ofUnderlying(this.#moment.spot, this.#moment.spot)
    }
  }

  *#widen(before: readonly number[], after: readonly number[], spotBefore: number, spotAfter: number): Generator<TapeRecord> {
    for (const option of reordered(this.#alive(), this.#random)) {
      // What expires before the market has moved is no more: its value now is all there is to hold.
      const [one, other] = [before[option] as number, after[option] as number]
      yield this.#quoteOf(option, Math.min(one, Number.isNaN(other) ? one : other), Math.max(one, Number.isNaN(other) ? one : other))
    }
    yield* this.#ofUnderlying(Math.min(spotBefore, spotAfter), Math.max(spotBefore, spotAfter))
  }

  #alive(): number[] {
    return this.draft.options.flatMap(({ contract }, i) => (contract.expiry >= this.#moment.today ? [i] : []))
  }

  /** A bid at or below the least value, and an ask at or above the highest. */
  #quoteOf(option: number, least: number, most: number): TapeRecord {
    const { increment, tight } = this.draft
    const slack = () => (this.#random() < tight ? 0 : this.#whole(6))
    const bid = gridBelow(least, increment, slack())
    const ask = gridAbove(most, increment, slack())
    const sides: Partial<Quote> =
      bid > 0 ? { bidPrice: bid, bidSize: 1 + this.#whole(60) } : this.#random() < 0.5 ? {} : { bidPrice: 0, bidSize: 0 }
    return this.#stamped({ kind: 'quote', instrument: this.numberOf(option), ...sides, askPrice: ask, askSize: 1 + this.#whole(60) })
  }

  *#ofUnderlying(least: number, most: number): Generator<TapeRecord> {
    const instrument = this.underlying
    if (this.draft.underlying.kind === 'index')
      yield this.#stamped({ kind: 'trade', instrument, price: this.#moment.print, source: 'last' })
    else {
      const [bidPrice, askPrice] = [gridBelow(least, 0.01, this.#whole(3)), gridAbove(most, 0.01, this.#whole(3))]
      const sizes = { bidSize: 100 * (1 + this.#whole(50)), askSize: 100 * (1 + this.#whole(50)) }
      yield this.#stamped({ kind: 'quote', instrument, bidPrice, askPrice, ...sizes })
    }
  }

  /** NaN for what has expired. */
  #valuesOf(moment: MarketMoment): number[] {
    const lattices = new Map<string, Lattice>()
    return this.draft.options.map(({ contract, settlesAt, isAmerican, deliverable, ofOwnFuture }) => {
      if (contract.expiry < moment.today) return Number.NaN
      const settlement: Moment = { day: daysFrom(moment.today, contract.expiry), hour: settlesAt }
      const key = ofOwnFuture ? contract.expiry : ''
      const lattice = lattices.get(key) ?? this.#latticeOf(moment, ofOwnFuture ? contract.expiry : undefined)
      lattices.set(key, lattice)
      return lattice.value({ right: contract.right, strike: contract.strike, settlement, isAmerican, deliverable })
    })
  }

  /** @param future the expiry whose future the options are on; undefined: they are on the underlying. */
  #latticeOf(moment: MarketMoment, future: string | undefined): Lattice {
    const { today, spot, curve, payments, yield: dividendYield, impliedBorrow, volatility, mostVolatility } = moment
    const settlements = this.draft.options
      .filter(({ contract: { expiry } }) => expiry >= today && (future === undefined || expiry === future))
      .map(({ contract, settlesAt }) => ({ day: daysFrom(today, contract.expiry), hour: settlesAt }))
    const discount = discountOn(curve)
    const ofStock = {
      spot,
      holding: dividendYield + impliedBorrow,
      payments: payments.map(({ exDate, amount }) => ({ day: daysFrom(today, exDate), amount })),
    }
    // A future costs nothing to hold, so it grows with nothing: what money costs is taken off again.
    const ofFuture = (expiry: string) => {
      const days = daysFrom(today, expiry)
      return { spot: futurePrice(spot, days), holding: days === 0 ? 0 : (-Math.log(discount(days)) * 365) / days, payments: [] }
    }
    const kind = future === undefined ? ofStock : ofFuture(future)
    return new Lattice({ ...kind, discount, volatility, mostVolatility, settlements, steps: this.draft.steps })
  }

  #stamped(record: Unstamped<TapeRecord>): TapeRecord {
    this.#tsUs += 1 + this.#whole(50_000)
    return { ...record, seq: ++this.#seq, tsUs: this.#tsUs }
  }

  #whole(below: number): number {
    return Math.floor(this.#random() * below)
  }
}

/** Far from the index, and further out the further it expires, as the futures of VIX are. */
function futurePrice(spot: number, days: number): number {
  return spot * (1.15 + 0.1 * Math.min(1, days / 180))
}

/** 10:00 or 11:00 in New York, when it is the same date as in UTC. */
function tradingStartUs(date: string): number {
  return Date.parse(`${date}T15:00:00Z`) * 1000
}

/** A price of the grid at most that, or `slack` steps below. Never below 0. */
function gridBelow(value: number, increment: number, slack: number): number {
  let steps = Math.floor(value / increment)
  while (onGrid(steps, increment) > value) steps--
  return Math.max(0, onGrid(steps - slack, increment))
}

function gridAbove(value: number, increment: number, slack: number): number {
  let steps = Math.max(1, Math.ceil(value / increment))
  while (onGrid(steps, increment) < value) steps++
  return onGrid(steps + slack, increment)
}

function onGrid(steps: number, increment: number): number {
  return Number((steps * increment).toFixed(9))
}

function shuffled(length: number, random: () => number): number[] {
  return reordered(
    Array.from({ length }, (_, i) => i),
    random,
  )
}

function reordered<T>(values: readonly T[], random: () => number): T[] {
  const copy = [...values]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j] as T, copy[i] as T]
  }
  return copy
}
