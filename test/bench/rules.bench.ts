/**
 * All rules that need one tick alone over the quotes of an option chain, on one core, as the collector runs them: judged, then taken in.
 * The limit is the same quotes taken into a MarketState and nothing else. Beside them, what each rule costs. Times are of the processor,
 * so that other work on the machine counts less.
 */

import { TICK_RULES } from '../../market/rules/index.ts'
import type { Rule } from '../../market/rules/rule.ts'
import { defaultSettings } from '../../market/rules/settings.ts'
import { Validator } from '../../market/rules/validator.ts'
import { MarketState } from '../../market/state/market-state.ts'
import type { Quote, TapeRecord } from '../../market/tick.ts'
import { measure } from './harness.ts'
import { contractOf, INSTRUMENTS, quotes } from './quotes.ts'

const QUOTES = 500_000
const SPACING_US = 700
const CENTS = [{ from: 0, increment: 0.01 }]

let chain: readonly TapeRecord[] = []
let stream: readonly Quote[] = []

measure({
  title: 'rules that need one tick alone, over the quotes of an option chain',
  unit: 'quotes/s',
  limit: 'the same quotes into MarketState',
  round: async () => {
    if (stream.length === 0) {
      chain = preamble()
      stream = [...quotes(QUOTES, SPACING_US)]
    }
    // Once unmeasured, so that every round finds the validator as a long recording does: compiled for many rules.
    run(TICK_RULES)
    const all = run(TICK_RULES)
    const none = run([])
    const more: Record<string, number> = { 'all rules, ns a quote': all, 'no rule, ns a quote': none }
    for (const rule of TICK_RULES.filter(({ kinds }) => kinds.includes('quote'))) more[`${rule.name}, ns a quote`] = run([rule]) - none
    return { ours: 1e9 / all, limit: 1e9 / stateAlone(), more }
  },
})

function preamble(): TapeRecord[] {
  const first = { seq: 1, tsUs: 1 }
  const contracts = Array.from({ length: INSTRUMENTS }, (_, instrument) => ({
    kind: 'contract' as const,
    ...first,
    instrument,
    contract: { ...contractOf(instrument), priceGrid: CENTS },
  }))
  const lines = Array.from({ length: INSTRUMENTS }, (_, instrument) => ({
    kind: 'line' as const,
    ...first,
    instrument,
    event: 'opened' as const,
    openedSeq: 1,
    openedTsUs: 1,
  }))
  return [{ kind: 'session', ...first, event: 'started' }, ...contracts, ...lines]
}

/** Nanoseconds that a quote takes. */
function run(rules: readonly Rule[]): number {
  const validator = new Validator({ rules, settings: defaultSettings(rules), onRuleError: fail })
  for (const record of chain) validator.take(record)
  const startedUs = processorUs()
  for (let i = 0; i < stream.length; i++) {
    const quote = stream[i] as Quote
    quote.verdict = validator.judge(quote)
    validator.take(quote)
  }
  return ((processorUs() - startedUs) * 1000) / stream.length
}

function stateAlone(): number {
  const state = new MarketState()
  for (const record of chain) state.apply(record)
  const startedUs = processorUs()
  for (let i = 0; i < stream.length; i++) state.apply(stream[i] as Quote)
  return ((processorUs() - startedUs) * 1000) / stream.length
}

function processorUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function fail(rule: string, error: unknown): never {
  throw new Error(`rule ${rule} failed`, { cause: error })
}
