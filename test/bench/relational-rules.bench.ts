/**
 * What each rule costs on one core, in CPU time: two days of minute quotes of a full option chain through a validator with that rule alone,
 * less the same with none. The data is the folder option-quotes of the data for tests; without it nothing is measured.
 */

import type { Rule } from '../../market/rules/rule.ts'
import { RULES } from '../../market/rules/index.ts'
import { defaultSettings } from '../../market/rules/settings.ts'
import { Validator } from '../../market/rules/validator.ts'
import type { Quote } from '../../market/tick.ts'
import { hasSharedData } from '../support/data.ts'
import { minuteChain } from '../support/option-data.ts'
import { measure } from './harness.ts'

const LEAST_CPU_SECONDS = 0.3

/** Seconds of CPU for one quote. */
function secondsPerQuote(rules: readonly Rule[]): number {
  const { head, quotes } = data
  const fail = (name: string, error: unknown) => {
    throw new Error(`The rule ${name} failed.`, { cause: error })
  }
  const validator = new Validator({ rules, settings: defaultSettings(RULES), onRuleError: fail })
  const before = process.cpuUsage()
  for (let judged = 0; ; ) {
    for (const record of head) validator.take(record)
    for (const quote of quotes) {
      const verdict = validator.judge(quote)
      validator.take(verdict ? ({ ...quote, verdict } satisfies Quote) : quote)
    }
    judged += quotes.length
    const { user, system } = process.cpuUsage(before)
    if (user + system >= LEAST_CPU_SECONDS * 1e6) return (user + system) / 1e6 / judged
  }
}

const data = hasSharedData
  ? minuteChain('TWX', 'twx_20140605_06_quotes_1min.csv.gz', {
      '2014-06-05': 'twx_20140605_quote_1min.csv',
      '2014-06-06': 'twx_20140606_quote_1min.csv',
    })
  : { head: [], quotes: [] }

if (hasSharedData) {
  const quoteRules = RULES.filter(({ kinds }) => kinds.includes('quote'))
  measure({
    title: `the rules over quotes of an option chain: ${quoteRules.length} of them`,
    unit: 'quotes/s of CPU',
    limit: 'a validator without rules',
    round: async () => {
      const none = secondsPerQuote([])
      return {
        ours: 1 / secondsPerQuote(quoteRules),
        limit: 1 / none,
        more: Object.fromEntries(quoteRules.map((rule) => [`${rule.name}, ns`, (secondsPerQuote([rule]) - none) * 1e9])),
      }
    },
  })
}
