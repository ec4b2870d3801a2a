/** Verdicts as rules give them. */

import type { Disposition, Finding, Verdict } from '../../../market/tick.ts'

/** The verdict of one rule that flags. */
export function flagged(rule: string, reason: string): Verdict {
  return verdictOf(finding('flag', rule, reason))
}

/** The verdict of one rule that quarantines. */
export function quarantined(rule: string, reason: string): Verdict {
  return verdictOf(finding('quarantine', rule, reason))
}

/** The verdict of several rules, in their order. */
export function verdictOf(...findings: Finding[]): Verdict {
  return { disposition: findings.some(({ disposition }) => disposition === 'quarantine') ? 'quarantine' : 'flag', findings }
}

/** A warning that flags, or an error that quarantines. */
export function finding(disposition: Disposition, rule: string, reason: string): Finding {
  return { rule, severity: disposition === 'flag' ? 'warning' : 'error', disposition, reason }
}
