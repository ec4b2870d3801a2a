/** One option chain: the options of one underlying, expiry, trading class and multiplier, by rising strike. */

import type { OptionContract, Right } from '../contract.ts'
import { type ExerciseStyle, isPricedOffSpot } from '../option/bounds.ts'
import type { Quote } from '../tick.ts'
import type { UnderlyingBook } from './underlying-book.ts'

const FIRST_ROOM = 16

/** The options of one right, by the same index as the chain's strikes. NaN: none; -1: no such instrument. */
export class ChainSide {
  instruments = new Int32Array(FIRST_ROOM).fill(-1)
  bidPrices = new Float64Array(FIRST_ROOM).fill(Number.NaN)
  askPrices = new Float64Array(FIRST_ROOM).fill(Number.NaN)
  bidSizes = new Float64Array(FIRST_ROOM).fill(Number.NaN)
  askSizes = new Float64Array(FIRST_ROOM).fill(Number.NaN)
  /** Of the latest quote. */
  timesUs = new Float64Array(FIRST_ROOM).fill(Number.NaN)
  /** The middle of the underlying when that quote came: how far the market has gone on since. */
  spots = new Float64Array(FIRST_ROOM).fill(Number.NaN)
  /** 1: a rule found more than a matter of note on that quote, which is then no witness against others. */
  doubted = new Int32Array(FIRST_ROOM)

  get room(): number {
    return this.instruments.length
  }

  insert(at: number, length: number): void {
    const isFull = length === this.room
    this.instruments = opened(this.instruments, at, length, isFull, -1)
    this.bidPrices = opened(this.bidPrices, at, length, isFull, Number.NaN)
    this.askPrices = opened(this.askPrices, at, length, isFull, Number.NaN)
    this.bidSizes = opened(this.bidSizes, at, length, isFull, Number.NaN)
    this.askSizes = opened(this.askSizes, at, length, isFull, Number.NaN)
    this.timesUs = opened(this.timesUs, at, length, isFull, Number.NaN)
    this.spots = opened(this.spots, at, length, isFull, Number.NaN)
    this.doubted = opened(this.doubted, at, length, isFull, 0)
  }

  set(at: number, quote: Quote, spot: number): void {
    this.bidPrices[at] = quote.bidPrice ?? Number.NaN
    this.askPrices[at] = quote.askPrice ?? Number.NaN
    this.bidSizes[at] = quote.bidSize ?? Number.NaN
    this.askSizes[at] = quote.askSize ?? Number.NaN
    this.timesUs[at] = quote.tsUs
    this.spots[at] = spot
    this.doubted[at] = isDoubted(quote) ? 1 : 0
  }

  clear(at: number): void {
    this.bidPrices[at] = Number.NaN
    this.askPrices[at] = Number.NaN
    this.bidSizes[at] = Number.NaN
    this.askSizes[at] = Number.NaN
    this.timesUs[at] = Number.NaN
    this.spots[at] = Number.NaN
    this.doubted[at] = 0
  }
}

function isDoubted({ verdict }: Quote): boolean {
  return verdict !== undefined && verdict.findings.some(({ severity }) => severity !== 'info')
}

/** The place of one option in its chain. */
export class Leg {
  readonly chain: Chain
  readonly instrument: number
  readonly right: Right
  readonly strike: number
  /** Of its strike; moves on when a lower one is added. */
  index: number
  /** When its latest quote came and was quarantined. NaN: the latest one was not. */
  refusedUs = Number.NaN

  constructor(chain: Chain, instrument: number, right: Right, strike: number, index: number) {
    this.chain = chain
    this.instrument = instrument
    this.right = right
    this.strike = strike
    this.index = index
  }

  /** The options of the same right. */
  get side(): ChainSide {
    return this.right === 'C' ? this.chain.calls : this.chain.puts
  }

  /** The options of the other right: at the same index stands the partner of the same strike. */
  get otherSide(): ChainSide {
    return this.right === 'C' ? this.chain.puts : this.chain.calls
  }

  is({ right, strike, expiry, tradingClass, multiplier, symbol, currency }: OptionContract): boolean {
    const { chain } = this
    return (
      right === this.right &&
      strike === this.strike &&
      expiry === chain.expiry &&
      tradingClass === chain.tradingClass &&
      multiplier === chain.multiplier &&
      symbol === chain.underlying.symbol &&
      currency === chain.underlying.currency
    )
  }

  take(quote: Quote): void {
    this.refusedUs = Number.NaN
    this.side.set(this.index, quote, this.chain.underlying.middle)
  }

  /** Its latest quote was quarantined: the one before stands. */
  refuse(tsUs: number): void {
    this.refusedUs = tsUs
  }

  forgetQuote(): void {
    this.refusedUs = Number.NaN
    this.side.clear(this.index)
  }
}

export class Chain {
  /** Counts the chains of a state: the place of this one in somebody else's memory. It is no number on a tape. */
  readonly slot: number
  readonly underlying: UnderlyingBook
  readonly expiry: string
  readonly tradingClass: string
  readonly multiplier: number
  readonly style: ExerciseStyle
  /** False for options that no price of the underlying bounds. */
  readonly isPricedOffSpot: boolean
  /** The chain of the same class and multiplier that expires before, and after. */
  earlier: Chain | undefined = undefined
  later: Chain | undefined = undefined
  readonly calls = new ChainSide()
  readonly puts = new ChainSide()
  #strikes = new Float64Array(FIRST_ROOM).fill(Number.NaN)
  #length = 0
  readonly #legs: Leg[] = []

  constructor(
    slot: number,
    underlying: UnderlyingBook,
    { expiry, tradingClass, multiplier, style }: Pick<OptionContract, 'expiry' | 'tradingClass' | 'multiplier'> & { style: ExerciseStyle },
  ) {
    this.slot = slot
    this.underlying = underlying
    this.expiry = expiry
    this.tradingClass = tradingClass
    this.multiplier = multiplier
    this.style = style
    this.isPricedOffSpot = isPricedOffSpot({ symbol: underlying.symbol, tradingClass })
  }

  /** How many strikes there are. */
  get length(): number {
    return this.#length
  }

  /** Rising; only the first `length` count. */
  get strikes(): Readonly<Float64Array> {
    return this.#strikes
  }

  strikeAt(index: number): number {
    return this.#strikes[index] as number
  }

  /**
   * The index of a strike, or -1.
   *
   * @param likely where it stands in a chain that was made alike
   */
  indexOf(strike: number, likely = this.#length): number {
    if (likely < this.#length && this.#strikes[likely] === strike) return likely
    const at = this.#place(strike)
    return this.#strikes[at] === strike && at < this.#length ? at : -1
  }

  /** The next index in a direction whose option of a right has a price on either side, or -1. */
  quoted({ bidPrices, askPrices }: ChainSide, from: number, step: 1 | -1): number {
    for (let i = from + step; i >= 0 && i < this.#length; i += step)
      if ((bidPrices[i] as number) > 0 || (askPrices[i] as number) > 0) return i
    return -1
  }

  /** The next index in a direction at which there is a price, or -1. */
  priced(prices: Readonly<Float64Array>, from: number, step: 1 | -1): number {
    for (let i = from + step; i >= 0 && i < this.#length; i += step) if ((prices[i] as number) > 0) return i
    return -1
  }

  get legs(): readonly Leg[] {
    return this.#legs
  }

  /** Makes room for an option; its strike may be new. */
  add(instrument: number, { strike, right }: OptionContract): Leg {
    const at = this.#place(strike)
    if (at === this.#length || this.#strikes[at] !== strike) {
      const isFull = this.#length === this.#strikes.length
      this.#strikes = opened(this.#strikes, at, this.#length, isFull, strike)
      this.calls.insert(at, this.#length)
      this.puts.insert(at, this.#length)
      this.#length++
      for (const leg of this.#legs) if (leg.index >= at) leg.index++
    }
    const leg = new Leg(this, instrument, right, strike, at)
    this.#legs.push(leg)
    leg.side.instruments[at] = instrument
    return leg
  }

  /** The first index whose strike is not below. */
  #place(strike: number): number {
    let [low, high] = [0, this.#length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#strikes[middle] as number) < strike) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The same values with one more at `at`; in a longer array when this one is full. */
function opened<T extends Float64Array | Int32Array>(values: T, at: number, length: number, isFull: boolean, empty: number): T {
  const room = isFull ? (new (values.constructor as new (room: number) => T)(values.length * 2).fill(empty) as T) : values
  if (isFull) room.set(values.subarray(0, at))
  const rest = values.slice(at, length)
  room.set(rest, at + 1)
  room[at] = empty
  return room
}
