/** What options are written on, as far as records name it, and its quote. */

export class UnderlyingBook {
  readonly symbol: string
  readonly currency: string
  /** Its number on the tape. Undefined while only its options are known. */
  instrument: number | undefined = undefined
  /** An index is quoted by nobody: both prices are its latest value. */
  isIndex = false
  /** NaN: none. */
  bidPrice = Number.NaN
  askPrice = Number.NaN
  timeUs = Number.NaN

  constructor(symbol: string, currency: string) {
    this.symbol = symbol
    this.currency = currency
  }

  /** NaN without both sides. */
  get middle(): number {
    return (this.bidPrice + this.askPrice) / 2
  }

  forgetQuote(): void {
    this.bidPrice = Number.NaN
    this.askPrice = Number.NaN
    this.timeUs = Number.NaN
  }
}
