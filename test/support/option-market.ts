/** A small healthy market of made-up prices: a stock and its option chain at two expiries, as rules at work see it. */

import type { Contract, OptionContract, Right } from '../../market/contract.ts'
import { americanPrice } from '../../market/option/american.ts'
import type { Rule } from '../../market/rules/rule.ts'
import type { Quote } from '../../market/tick.ts'
import { RulesAtWork, type RulesAtWorkOptions, STOCK } from './rules.ts'

const SPOT = 70
const HALF_SPREAD = 0.05
const STRIKES = [60, 62.5, 65, 67.5, 70, 72.5, 75, 77.5, 80]
const EXPIRIES = { '2014-07-19': 44 / 365, '2014-10-18': 135 / 365 } as const
type Expiry = keyof typeof EXPIRIES

export interface OptionMarketOptions extends Omit<RulesAtWorkOptions, 'contracts'> {
  /** Of the options; TWX. */
  symbol?: string
  tradingClass?: string
  underlying?: Contract
}

export class OptionMarket {
  readonly rules: RulesAtWork
  readonly contracts: readonly Contract[]

  /** Names the contracts; without `quoted` nothing is quoted yet. */
  constructor(rules: readonly Rule[], { symbol = 'TWX', tradingClass = symbol, underlying = STOCK, ...options }: OptionMarketOptions = {}) {
    const option = (expiry: Expiry, strike: number, right: Right): OptionContract => {
      return { kind: 'option', symbol, currency: 'USD', expiry, strike, right, multiplier: 100, tradingClass }
    }
    const expiries = Object.keys(EXPIRIES) as Expiry[]
    this.contracts = [
      underlying,
      ...expiries.flatMap((expiry) => STRIKES.flatMap((strike) => [option(expiry, strike, 'C'), option(expiry, strike, 'P')])),
    ]
    this.rules = new RulesAtWork(rules, { ...options, contracts: this.contracts })
  }

  /** Quotes everything at its worth; throws when a rule finds anything. */
  quoted(): this {
    for (const [instrument] of this.contracts.entries()) {
      const findings = this.findings(instrument, ...this.sidesOf(instrument))
      if (findings.length > 0) throw new Error(`A healthy quote was found fault with: ${findings.join('; ')}`)
    }
    return this
  }

  numberOf(strike: number, right: Right, expiry: Expiry = '2014-07-19'): number {
    return this.contracts.findIndex(
      (contract) => contract.kind === 'option' && contract.strike === strike && contract.right === right && contract.expiry === expiry,
    )
  }

  /** A healthy bid and ask while the stock stands at `spot`. */
  sidesOf(instrument: number, spot = SPOT): [number, number] {
    const contract = this.contracts[instrument]
    if (contract?.kind !== 'option') return [spot - 0.01, spot + 0.01]
    const { right, strike, expiry } = contract
    const terms = { right, strike, spot, years: EXPIRIES[expiry as Expiry], rate: 0.01, dividendYield: 0 }
    const price = americanPrice(terms, 0.25)
    return [cents(Math.max(0.01, price - HALF_SPREAD)), cents(price + HALF_SPREAD)]
  }

  /** What is found on a quote: reasons behind the names of their rules, `!` before what quarantines. */
  findings(instrument: number, bidPrice?: number, askPrice?: number, fields: Partial<Quote> = {}): string[] {
    return this.rules.findingsOn({ kind: 'quote', instrument, bidPrice, askPrice, bidSize: 10, askSize: 10, ...fields })
  }

  /** The same of a healthy quote. */
  healthy(instrument: number, spot = SPOT): string[] {
    return this.findings(instrument, ...this.sidesOf(instrument, spot))
  }
}

function cents(price: number): number {
  return Math.round(price * 100) / 100
}
