/** A market of few contracts whose every price is written by hand, and what the detectors make of it. */

import { Arbitrage } from '../../../market/arbitrage/arbitrage.ts'
import { DETECTORS } from '../../../market/arbitrage/detectors/index.ts'
import type { Episode } from '../../../market/arbitrage/episode.ts'
import type { Assessment } from '../../../market/arbitrage/opportunity.ts'
import { type ArbitrageSettings, arbitrageSettings } from '../../../market/arbitrage/settings.ts'
import type { Contract, OptionContract } from '../../../market/contract.ts'
import type { Quote, TapeRecord } from '../../../market/tick.ts'
import { dayAfter } from './money.ts'
import { unexpected } from '../unexpected.ts'

/** 2014-06-05 10:31 in New York, a Thursday. */
const START_US = 1401978660_000_000
const PLANTED_TODAY = '2014-06-05'
/** So many days later: a fifth of a year, and two fifths. */
const NEAR_DAYS = 73
const FAR_DAYS = 146

const SESSION = 7

type Unstamped<T> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

export interface PlantedOptions {
  /** Of the stock or the index; ABC, a stock. */
  underlying?: Contract
  /** Undefined: no record of it. */
  rate?: number | undefined
  payments?: readonly { day: number; amount: number }[] | undefined
  borrow?: number | undefined
  settings?: Partial<ArbitrageSettings>
}

/** Names of contracts are `stock`, or `100C`, `100P far`, `80C SPXW`: strike and right, the far expiry, another class than the underlying's name. */
export type Name = string

/** `14.50/14.60` with sizes of 10, or `14.50x7/14.60x8`; a side that is left out is empty. */
export type Sides = string

export interface Event {
  event: 'opened' | 'changed' | 'closed'
  /** As it was then. */
  episode: Episode
}

export class PlantedMarket {
  readonly #events: Event[] = []
  readonly #arbitrage: Arbitrage
  readonly #underlying: Contract
  readonly #numbers = new Map<Name, number>()
  readonly #contracts: Contract[] = []
  #seq = 0
  tsUs = START_US

  /** With what is known of the carry: no rate, no payments and no borrow fee, unless said otherwise. */
  constructor(options: PlantedOptions = {}) {
    const { underlying = { kind: 'stock', symbol: 'ABC', currency: 'USD' }, settings } = options
    this.#underlying = underlying
    this.#arbitrage = new Arbitrage({
      detectors: DETECTORS,
      settings: arbitrageSettings({ preset: 'aggressive', ...settings }),
      onEpisode: (event, episode) => this.#events.push({ event, episode: { ...episode, id: episode.id, course: [...episode.course] } }),
      onDetectorError: (detector, error) => unexpected(`${detector}: ${String(error)}`),
    })
    this.take({ kind: 'session', event: 'started' })
    const instrument = this.#numberOf('stock')
    const common = { kind: 'carry', asOf: PLANTED_TODAY, source: 'settings' } as const
    const { rate, payments, borrow } = { rate: 0, payments: [], borrow: 0, ...options }
    if (rate !== undefined) this.take({ ...common, input: 'rates', currency: underlying.currency, points: [{ days: 365, rate }] })
    if (payments !== undefined) {
      const dated = payments.map(({ day, amount }) => ({ exDate: dayAfter(PLANTED_TODAY, day), amount }))
      this.take({ ...common, input: 'dividends', instrument, payments: dated })
    }
    if (borrow !== undefined) this.take({ ...common, input: 'borrow', instrument, rate: borrow })
  }

  get funnel() {
    return this.#arbitrage.funnel
  }

  get open(): readonly Episode[] {
    return this.#arbitrage.open
  }

  contract(name: Name): Contract {
    return this.#contracts[this.#numberOf(name)] as Contract
  }

  /** Returns what came of it. */
  take(record: Unstamped<TapeRecord>, laterUs = 1000): Event[] {
    this.tsUs += laterUs
    const before = this.#events.length
    this.#arbitrage.take({ ...record, seq: ++this.#seq, tsUs: this.tsUs }, SESSION)
    return this.#events.slice(before)
  }

  quote(name: Name, sides: Sides, fields: Partial<Quote> = {}): Event[] {
    const instrument = this.#numberOf(name)
    const [bid = '', ask = ''] = sides.split('/')
    const { price: bidPrice, size: bidSize } = sideOf(bid)
    const { price: askPrice, size: askSize } = sideOf(ask)
    return this.take({ kind: 'quote', instrument, bidPrice, bidSize, askPrice, askSize, ...fields })
  }

  print(price: number): Event[] {
    return this.take({ kind: 'trade', instrument: this.#numberOf('stock'), price, source: 'last' })
  }

  /** All of them one after the other. */
  quotes(all: Readonly<Record<Name, Sides>>): Event[] {
    return Object.entries(all).flatMap(([name, sides]) => this.quote(name, sides))
  }

  numberOf(name: Name): number {
    return this.#numberOf(name)
  }

  #numberOf(name: Name): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    // Not in the order of strikes, and not from 0.
    const number = (this.#numbers.size * 37) % 101
    this.#numbers.set(name, number)
    const contract = name === 'stock' ? this.#underlying : this.#optionOf(name)
    this.#contracts[number] = contract
    this.take({ kind: 'contract', instrument: number, contract })
    return number
  }

  #optionOf(name: Name): OptionContract {
    const [, strike = '', right, far, tradingClass = this.#underlying.symbol] = /^([\d.]+)([CP])( far)?(?: (\w+))?$/.exec(name) ?? []
    const expiry = dayAfter(PLANTED_TODAY, far ? FAR_DAYS : NEAR_DAYS)
    const { symbol, currency } = this.#underlying
    return { kind: 'option', symbol, currency, expiry, strike: Number(strike), right: right as 'C' | 'P', multiplier: 100, tradingClass }
  }
}

function sideOf(text: string): { price?: number; size?: number } {
  const [price = '', size = '10'] = text.split('x')
  return price === '' ? {} : { price: Number(price), size: Number(size) }
}

/** What an assessment trades: `buy 1 100C far at 2.5`. */
export function tradesOf(market: PlantedMarket, names: readonly Name[], { legs }: Assessment): string[] {
  const byNumber = new Map(names.map((name) => [market.numberOf(name), name]))
  return legs.map(({ instrument, side, ratio, price }) => `${side} ${ratio} ${byNumber.get(instrument) ?? '?'} at ${price}`)
}
