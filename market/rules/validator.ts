/**
 * Runs the rules over every tick, live and in replay alike. Verdicts depend on the tick and the settings alone, so a replay
 * of the same ticks yields the same verdicts. A rule that throws is disabled for the rest of the run: the tick it failed on
 * passes, flagged `rule-error`, and `onRuleError` is called once.
 */

import { ConfigError, messageOf } from '../errors.ts'
import type { Disposition, Finding, Tick, Verdict } from '../tick.ts'
import type { Rule, RuleSettings } from './rule.ts'

export interface ValidatorOptions {
  rules: readonly Rule[]
  settings: RuleSettings
  /** Names of rules not to run. */
  disabled?: readonly string[]
  onRuleError: (rule: string, error: unknown) => void
}

/** Returns the judge: a function from a tick to its verdict, undefined when every rule passes. Throws on duplicate or unknown names. */
export function createValidator({ rules, settings, disabled = [], onRuleError }: ValidatorOptions): (tick: Tick) => Verdict | undefined {
  const names = new Set<string>()
  for (const { name } of rules) {
    if (names.has(name)) throw new Error(`Two validation rules are named "${name}". Rename one of them.`)
    names.add(name)
  }
  for (const name of disabled)
    if (!names.has(name))
      throw new ConfigError(`There is no validation rule "${name}" to disable (rules.disabled). Known: ${[...names].join(', ')}.`, {
        code: 'unknown-rule',
      })
  const active = rules.filter(({ name }) => !disabled.includes(name))

  return (tick) => {
    let findings: Finding[] | undefined
    let disposition: Disposition = 'flag'
    for (let i = 0; i < active.length; i++) {
      const rule = active[i] as Rule
      let found: Finding | undefined
      try {
        const reason = rule.on === 'tick' ? rule.check(tick, settings) : tick.kind === 'quote' ? rule.check(tick, settings) : undefined
        if (reason === undefined) continue
        found = { rule: rule.name, severity: rule.severity, disposition: rule.disposition, reason }
      } catch (error) {
        onRuleError(rule.name, error)
        active.splice(i--, 1)
        const reason = `rule ${rule.name} failed and is now off: ${messageOf(error)}`
        found = { rule: 'rule-error', severity: 'error', disposition: 'flag', reason }
      }
      if (found.disposition === 'quarantine') disposition = 'quarantine'
      if (findings) findings.push(found)
      else findings = [found]
    }
    return findings && { disposition, findings }
  }
}
