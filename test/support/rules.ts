/** Rules at work in a session of their own, as the validator runs them. */

import type { Contract } from '../../market/contract.ts'
import type { Rule } from '../../market/rules/rule.ts'
import { rulesSchema } from '../../market/rules/settings.ts'
import { Validator } from '../../market/rules/validator.ts'
import type { Finding, Quote, TapeRecord, Tick, Trade, Verdict } from '../../market/tick.ts'
import { unexpected } from './unexpected.ts'

/** 2014-06-05 10:31 in New York, a Thursday. */
export const RULES_START_US = 1401978660_000_000

export const STOCK: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
export const OPTION: Contract = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-06-21',
  strike: 70,
  right: 'C',
  multiplier: 100,
  tradingClass: 'TWX',
}

export interface RulesAtWorkOptions {
  /** As in a configuration. Absent: the defaults. */
  settings?: Record<string, unknown>
  /** By their numbers. Absent: one stock. */
  contracts?: readonly Contract[]
  startUs?: number
  onRuleError?: (rule: string, error: unknown) => void
}

type Unstamped<T> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> & { seq?: number; tsUs?: number } : never

export class RulesAtWork {
  readonly validator: Validator
  /** Of the next record that does not say. */
  nowUs: number
  #seq = 0

  constructor(rules: readonly Rule[], options: RulesAtWorkOptions = {}) {
    const { settings = {}, contracts = [STOCK], startUs = RULES_START_US, onRuleError = unexpected } = options
    this.nowUs = startUs
    this.validator = new Validator({ rules, settings: rulesSchema(rules).parse(settings), onRuleError })
    this.take({ kind: 'session', event: 'started' })
    for (const [instrument, contract] of contracts.entries()) this.take({ kind: 'contract', instrument, contract })
  }

  /** Judges the tick and takes it in. */
  verdictOn(tick: Unstamped<Tick>): Verdict | undefined {
    const stamped = this.#stamp(tick) as Tick
    const verdict = this.validator.judge(stamped)
    this.validator.take({ ...stamped, verdict })
    return verdict
  }

  /** The same as the reasons, each behind the name of its rule, and `!` before it when that quarantines. */
  findingsOn(tick: Unstamped<Tick>): string[] {
    return (this.verdictOn(tick)?.findings ?? []).map(
      ({ rule, disposition, reason }) => `${disposition === 'quarantine' ? '!' : ''}${rule}: ${reason}`,
    )
  }

  take(record: Unstamped<TapeRecord>): void {
    this.validator.take(this.#stamp(record))
  }

  #stamp(record: Unstamped<TapeRecord>): TapeRecord {
    const { seq = ++this.#seq, tsUs = ++this.nowUs } = record
    this.nowUs = tsUs
    return { ...record, seq, tsUs }
  }
}

/** What the one rule finds on this tick, the first of its session, of this contract. */
export function findingOf(rule: Rule, tick: Unstamped<Tick>, own: Record<string, unknown> = {}, contract?: Contract): Finding | undefined {
  const rules = new RulesAtWork([rule], { settings: { [rule.name]: own }, ...(contract && { contracts: [contract] }) })
  return rules.verdictOn(tick)?.findings[0]
}

export function quoteOf(bidPrice?: number, askPrice?: number, bidSize: number | undefined = 1, askSize: number | undefined = 1) {
  return { kind: 'quote', instrument: 0, bidPrice, askPrice, bidSize, askSize } satisfies Unstamped<Quote>
}

export function tradeOf(price: number, size?: number) {
  return { kind: 'trade', instrument: 0, price, size, source: 'last' } satisfies Unstamped<Trade>
}
