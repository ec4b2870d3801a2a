/** A stock with one pair of options, and the detectors over what a test lets happen to them. */

import { Arbitrage, type EpisodeEvent } from '../../../../market/arbitrage/arbitrage.ts'
import { DETECTORS } from '../../../../market/arbitrage/detectors/index.ts'
import type { Episode } from '../../../../market/arbitrage/episode.ts'
import type { ParitySample } from '../../../../market/arbitrage/parity.ts'
import { type ArbitrageSettings, arbitrageSettings, type Preset } from '../../../../market/arbitrage/settings.ts'
import type { Contract, OptionContract, Right } from '../../../../market/contract.ts'
import type { Quote, TapeRecord } from '../../../../market/tick.ts'
import { usFromIso } from '../../../../market/time.ts'

export const NOON_US = usFromIso('2014-06-05T12:00:00-04:00')
const SECOND_US = 1_000_000

export const STOCK = 0
export const CALL = 1
export const PUT = 2

function option(strike: number, right: Right, fields: Partial<OptionContract> = {}): OptionContract {
  const common = { symbol: 'TWX', currency: 'USD', tradingClass: 'TWX' }
  return { kind: 'option', ...common, expiry: '2014-07-19', multiplier: 100, strike, right, ...fields }
}

const TWX: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }

type Unstamped<T> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

export class EngineMarket {
  /** `opened conversion`, in order. */
  readonly events: string[] = []
  readonly episodes: Episode[] = []
  readonly arbitrage: Arbitrage
  seq = 0
  tsUs: number
  readonly errors: string[] = []
  readonly samples: ParitySample[] = []

  constructor(settings: Partial<ArbitrageSettings> & { preset?: Preset } = {}, { startUs = NOON_US, detectors = DETECTORS } = {}) {
    this.tsUs = startUs
    this.arbitrage = new Arbitrage({
      detectors,
      settings: arbitrageSettings(settings),
      onEpisode: (event: EpisodeEvent, episode: Episode) => {
        this.events.push(`${event} ${episode.opened.detector}`)
        if (event === 'opened') this.episodes.push(episode)
      },
      onParity: (sample, sessionId) => void (sessionId === 7 && this.samples.push(sample)),
      onDetectorError: (detector, error) => this.errors.push(`${detector}: ${String(error)}`),
    })
  }

  /** Hands it out a second later than the one before. */
  give(...records: Unstamped<TapeRecord>[]): this {
    for (const record of records) {
      this.tsUs += SECOND_US
      this.arbitrage.take({ ...record, seq: ++this.seq, tsUs: this.tsUs }, 7)
    }
    return this
  }

  quote(instrument: number, bidPrice?: number, askPrice?: number, fields: Partial<Quote> = {}): this {
    return this.give({ kind: 'quote', instrument, bidPrice, askPrice, bidSize: 2, askSize: 2, ...fields })
  }

  stock(bidPrice: number, askPrice: number, fields: Partial<Quote> = {}): this {
    return this.quote(STOCK, bidPrice, askPrice, { bidSize: 1000, askSize: 1000, ...fields })
  }

  rate(rate: number): this {
    return this.give({
      kind: 'carry',
      input: 'rates',
      currency: 'USD',
      points: [{ days: 1, rate }],
      asOf: '2014-06-05',
      source: 'settings',
    })
  }

  dividends(...payments: { exDate: string; amount: number }[]): this {
    return this.give({ kind: 'carry', input: 'dividends', instrument: STOCK, payments, asOf: '2014-06-05', source: 'settings' })
  }

  borrow(rate: number): this {
    return this.give({ kind: 'carry', input: 'borrow', instrument: STOCK, rate, asOf: '2014-06-05', source: 'settings' })
  }

  /** A started session, the stock and the options at 100, and every input of carry: no interest, no dividends, no fee. */
  begin(fields: Partial<OptionContract> = {}): this {
    return this.give({ kind: 'session', event: 'started' })
      .give({ kind: 'contract', instrument: STOCK, contract: TWX })
      .give({ kind: 'contract', instrument: CALL, contract: option(100, 'C', fields) })
      .give({ kind: 'contract', instrument: PUT, contract: option(100, 'P', fields) })
      .rate(0)
      .dividends()
      .borrow(0)
  }

  /** Quotes out of which a conversion makes 0.38 a share before fees, two at a time. */
  mispriced(): this {
    return this.stock(100, 100.02).quote(PUT, 2.5, 2.6).quote(CALL, 3, 3.1)
  }
}
