/** A market of a few options, quoted by hand, with a detector that looks at each quote and a desk that keeps what it says. */

import type { ChainTerms, Desk, Detector } from '../../../market/arbitrage/detector.ts'
import type { Refusal } from '../../../market/arbitrage/funnel.ts'
import type { Candidate } from '../../../market/arbitrage/opportunity.ts'
import { Terms } from '../../../market/arbitrage/terms.ts'
import type { Contract, Right } from '../../../market/contract.ts'
import { ChainState } from '../../../market/state/chain-state.ts'
import type { Chain } from '../../../market/state/chain.ts'
import { MarketState } from '../../../market/state/market-state.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { addDays, usFromIso } from '../../../market/time.ts'

/** A Thursday. */
export const TODAY = '2014-06-05'
/** Of the options that are quoted without one: in a year of 365 days. */
const EXPIRY = addDays(TODAY, 365)
const UNDERLYING = 0

export interface DetectorMarketOptions {
  /** Options on the stock TWX, on the index SPX, on the index OEX or on VIX. */
  on?: 'TWX' | 'SPX' | 'OEX' | 'VIX'
  /** USD. */
  currency?: string
  /** SPX is something that can be bought. */
  isTradable?: boolean
  /** Continuously compounded, for every term. Absent: none is known. */
  rate?: number
  /** Instead, by days. */
  curve?: readonly { days: number; rate: number }[]
  /** By ex-date. Absent, and no yield: nothing is known. */
  dividends?: readonly { exDate: string; amount: number }[]
  /** Who says so; the settings. */
  dividendSource?: 'settings' | 'broker' | 'corporate-actions'
  yield?: number
  borrow?: number
  reach?: number
}

const CLASSES = { TWX: 'TWX', SPX: 'SPXW', OEX: 'OEX', VIX: 'VIX' } as const

type Unstamped<T> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

export class DetectorMarket implements Desk {
  readonly reach: number
  readonly expiries = 2
  readonly candidates: Candidate[] = []
  /** Reasons, each behind the name of its detector. */
  readonly refused: string[] = []
  readonly chains = new ChainState()
  readonly #market = new MarketState()
  readonly #terms = new Terms(this.#market.carry, this.chains)
  readonly #detector: Detector
  readonly #options: DetectorMarketOptions
  readonly #contracts: Contract[] = []
  #seq = 0

  constructor(detector: Detector, options: DetectorMarketOptions = {}) {
    const { on = 'TWX', currency = 'USD', rate, dividends, borrow, reach = 8 } = options
    this.reach = reach
    this.#detector = detector
    this.#options = options
    const isIndex = on !== 'TWX' && options.isTradable !== true
    this.#name(isIndex ? { kind: 'index', symbol: on, currency, venue: 'CBOE' } : { kind: 'stock', symbol: on, currency })
    const known = { kind: 'carry', asOf: TODAY, source: 'settings' } as const
    const { curve = rate === undefined ? undefined : [{ days: 1, rate }] } = options
    if (curve) this.#apply({ ...known, input: 'rates', currency, points: curve })
    if (dividends || options.yield !== undefined)
      this.#apply({
        ...known,
        input: 'dividends',
        source: options.dividendSource ?? known.source,
        instrument: UNDERLYING,
        payments: dividends ?? [],
        yield: options.yield,
      })
    if (borrow !== undefined) this.#apply({ ...known, input: 'borrow', instrument: UNDERLYING, rate: borrow })
  }

  terms(chain: Chain): ChainTerms {
    return this.#terms.of(chain)
  }

  report(candidate: Candidate): void {
    this.candidates.push(candidate)
  }

  refuse(detector: string, reason: Refusal, times = 1): void {
    for (let i = 0; i < times; i++) this.refused.push(`${detector}: ${reason}`)
  }

  /** Quotes the underlying, and has the detector look. */
  spot(bidPrice: number | undefined, askPrice = bidPrice): this {
    if (this.#contracts[UNDERLYING]?.kind === 'index')
      this.#apply({ kind: 'trade', instrument: UNDERLYING, price: bidPrice as number, source: 'last' })
    else this.#apply({ kind: 'quote', instrument: UNDERLYING, bidPrice, askPrice, bidSize: 100, askSize: 100 })
    for (const chain of this.chains.chains()) this.#detector.onUnderlying?.(chain, this)
    return this
  }

  /** Quotes an option, and has the detector look. */
  quote(right: Right, strike: number, bidPrice: number | undefined, askPrice: number | undefined, expiry: string = EXPIRY): this {
    const instrument = this.numberOf(right, strike, expiry)
    this.#apply({ kind: 'quote', instrument, bidPrice, askPrice, bidSize: 10, askSize: 10 })
    const leg = this.chains.legOf(instrument)
    if (leg === undefined) throw new Error(`The option ${strike} ${right} is in no chain: it has expired`)
    this.#detector.onOption?.(leg, this)
    return this
  }

  /** The number of an option, which is named first where it is new. */
  numberOf(right: Right, strike: number, expiry = EXPIRY): number {
    const { on = 'TWX', currency = 'USD' } = this.#options
    const known = this.#contracts.findIndex((c) => c.kind === 'option' && c.right === right && c.strike === strike && c.expiry === expiry)
    if (known >= 0) return known
    return this.#name({ kind: 'option', symbol: on, currency, expiry, strike, right, multiplier: 100, tradingClass: CLASSES[on] })
  }

  /** The one candidate that was reported since the last time this was asked, with what is left of it. */
  found(): Candidate & { edge: number; worstEdge: number; deal: string } {
    const [candidate] = this.candidates
    if (candidate === undefined || this.candidates.length > 1)
      throw new Error(`Expected one candidate, found ${this.candidates.length}: ${this.candidates.map((c) => this.#deal(c)).join('; ')}`)
    this.candidates.length = 0
    const { worth, worst = worth, cost } = candidate
    return { ...candidate, edge: worth - cost, worstEdge: worst - cost, deal: this.#deal(candidate) }
  }

  /** Its trades in words: `+2 100C@3.5` buys two calls of 100. Of two expiries, the later one has a star. */
  #deal({ trades, expiry }: Candidate): string {
    const words = trades.map(({ instrument, side, ratio, price }) => {
      const contract = this.#contracts[instrument]
      const name =
        contract?.kind === 'option' ? `${contract.strike}${contract.right}${contract.expiry === expiry ? '' : '*'}` : contract?.symbol
      return `${side === 'buy' ? '+' : '-'}${ratio} ${name}@${price}`
    })
    return words.join(' ')
  }

  #name(contract: Contract): number {
    const instrument = this.#contracts.push(contract) - 1
    this.#apply({ kind: 'contract', instrument, contract })
    return instrument
  }

  #apply(record: Unstamped<TapeRecord>): void {
    const stamped: TapeRecord = { ...record, seq: ++this.#seq, tsUs: usFromIso(`${TODAY}T10:30:00-04:00`) + this.#seq }
    this.#market.apply(stamped)
    this.chains.apply(stamped)
  }
}
